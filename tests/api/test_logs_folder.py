"""A logs folder that cannot be used costs one line, with the command that mends it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from carprice.api.request_log import RequestLog
from carprice.settings import Settings

NOBODY = 65534


@pytest.fixture
def as_user() -> Iterator[int]:
    """The effective uid of a user without rights: root may write anywhere."""
    if os.geteuid() != 0:
        yield os.geteuid()
        return
    os.seteuid(NOBODY)
    yield NOBODY
    os.seteuid(0)


def read_complaints(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    captured = capsys.readouterr()
    return [json.loads(line) for line in captured.err.splitlines()]


def open_log(folder: Path) -> None:
    log = RequestLog(Settings(logs_dir=folder))
    log.add_sample("1", "none", {}, {})
    log.close()


@pytest.mark.parametrize("kept", [(), ("api.jsonl",), ("api.jsonl", "requests.jsonl")])
def test_names_the_command_that_mends_it(
    tmp_path: Path, kept: tuple[str, ...], capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    for parent in (tmp_path, *tmp_path.parents[:3]):
        parent.chmod(0o755)
    folder = tmp_path / "logs"
    folder.mkdir()
    for name in kept:
        (folder / name).touch()
        (folder / name).chmod(0o444)
    folder.chmod(0o555)
    user = request.getfixturevalue("as_user")
    open_log(folder)
    [complaint] = read_complaints(capsys)
    del complaint["time"]
    assert complaint == {
        "level": "error",
        "event": "log not written",
        "path": str(folder),
        "reason": "Permission denied",
        "fix": f"sudo chown -R {user}:{os.getegid()} logs",
    }


def test_says_what_else_is_wrong_without_advice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "logs"
    folder.write_text("a file")
    open_log(folder)
    [complaint] = read_complaints(capsys)
    assert complaint["reason"] == "File exists"
    assert "fix" not in complaint
