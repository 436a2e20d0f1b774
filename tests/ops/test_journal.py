"""The journal survives a torn last line and a disk that cannot be written."""

import os
import pwd
from pathlib import Path

import pytest

from carprice.errors import StackError
from carprice.ops.journal import Journal, who


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "logs" / "deployments.jsonl")


def test_lines_come_back_in_order(journal: Journal) -> None:
    assert list(journal.lines()) == []
    journal.add("begin", release="r1")
    journal.add("done", release="r1", outcome="live")
    assert [(line["event"], line["release"]) for line in journal.lines()] == [("begin", "r1"), ("done", "r1")]
    assert all(line["time"].endswith("+00:00") for line in journal.lines())


@pytest.mark.parametrize("torn", [b'{"event": "do', b"\xff\xfe", b'{"event"', b"[1]", b'{"no": 1}'])
def test_a_torn_last_line_costs_only_itself(journal: Journal, torn: bytes) -> None:
    journal.add("begin")
    with journal.path.open("ab") as file:
        file.write(torn)
    assert [line["event"] for line in journal.lines()] == ["begin"]
    journal.add("done")
    assert [line["event"] for line in journal.lines()] == ["begin", "done"]
    assert journal.path.read_bytes().count(torn) == 1


def test_what_cannot_be_written_is_said_or_left(journal: Journal) -> None:
    journal.path.parent.write_text("a file where a folder should be")
    with pytest.raises(StackError, match=r"deployments\.jsonl: cannot be written \(File exists\)"):
        journal.add("begin")
    journal.try_add("begin")


def test_who_names_user_host_and_process() -> None:
    assert who()["by"] in {entry.pw_name for entry in pwd.getpwall()} | {os.environ.get("USER")}
    assert who()["pid"] == os.getpid()
