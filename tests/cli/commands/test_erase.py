"""carprice erase: what it says, and what it takes."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from carprice.cli.main import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command in this process: exit code, stdout, stderr."""
    for name in ("var", "logs"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(f"CARPRICE_{name.upper()}_DIR", str(tmp_path / name))

    def run_command(*argv: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["carprice", "erase", *argv])
        code = main()
        output = capfd.readouterr()
        return code, output.out, output.err

    return run_command


def test_erasing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "logs" / "requests.jsonl").write_text('{"request_id": "a"}\n')
    assert run("a") == (0, "", "Erased 1 requests of the sample, 0 log lines, 0 of feedback\n")
    code, out, _ = run("--older-than", "30", "--feedback", "--json")
    assert (code, json.loads(out)["data"]) == (0, {"sample": 0, "log": 0, "feedback": 0})


@pytest.mark.parametrize("words", [(), ("a", "--older-than", "3"), ("a", "--feedback"), ("--older-than", "-1")])
def test_wrong_usage(run: Run, words: tuple[str, ...]) -> None:
    assert run(*words)[0] == 2
