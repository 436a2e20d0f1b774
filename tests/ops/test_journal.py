"""The journal survives a torn last line and a disk that cannot be written."""

import os
import pwd
from dataclasses import replace
from pathlib import Path

import pytest

from carprice.errors import StackError
from carprice.ops.journal import Journal, who
from carprice.ops.stack_context import make_context
from carprice.settings import Settings


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "var" / "deployments.jsonl")


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


def test_the_lines_of_an_earlier_release_are_taken_over_once(journal: Journal, tmp_path: Path) -> None:
    before = Journal(tmp_path / "logs" / "deployments.jsonl")
    before.add("begin", release="r1")
    moved = replace(journal, before=before.path)
    assert [line["release"] for line in moved.lines()] == ["r1"]
    assert not moved.path.exists(), "reading writes nothing"
    moved.add("done", release="r1")
    before.add("begin", release="r9")
    assert [(line["event"], line["release"]) for line in moved.lines()] == [("begin", "r1"), ("done", "r1")]


def test_a_link_in_the_old_place_is_no_journal(journal: Journal, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text('{"event": "begin", "release": "r9"}')
    (tmp_path / "before").symlink_to(tmp_path / "secret")
    moved = replace(journal, before=tmp_path / "before")
    assert list(moved.lines()) == []
    moved.add("begin", release="r1")
    assert [line["release"] for line in moved.lines()] == ["r1"]


def test_without_a_rollout_there_is_no_earlier_journal(tmp_path: Path) -> None:
    """A container could write one."""
    folder = Settings(stack_dir=tmp_path)
    assert make_context(folder, print).journal == Journal(tmp_path / "var" / "deployments.jsonl")
    (tmp_path / ".env").write_text("RELEASE=r4\n")
    assert make_context(folder, print).journal.before == tmp_path / "logs" / "deployments.jsonl"
