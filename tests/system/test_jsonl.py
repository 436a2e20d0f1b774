"""JSON lines that crashes tear."""

import os
from pathlib import Path

import pytest

from carprice.system.jsonl import append_line, read_lines


def test_lines_come_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "below" / "lines.jsonl"
    assert list(read_lines(path)) == []
    append_line(path, {"number": 1})
    append_line(path, {"text": "Škoda\u2028"})
    assert list(read_lines(path)) == [{"number": 1}, {"text": "Škoda\u2028"}]


def test_a_torn_line_is_left_out_and_the_next_stands_alone(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    append_line(path, {"number": 1})
    with path.open("ab") as file:
        file.write(b'{"number": 2, "te\xff')
    append_line(path, {"number": 3})
    assert list(read_lines(path)) == [{"number": 1}, {"number": 3}]


def test_neither_links_nor_pipes_are_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text('{"number": 1}')
    (tmp_path / "lines.jsonl").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic link"):
        append_line(tmp_path / "lines.jsonl", {"number": 2})
    with pytest.raises(OSError, match="symbolic link"):
        list(read_lines(tmp_path / "lines.jsonl"))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a plain file"):
        append_line(tmp_path / "pipe", {"number": 2})
    assert victim.read_text() == '{"number": 1}'


def test_a_line_that_nests_too_deep_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text("[" * 100_000 + "\n")
    append_line(path, {"number": 1})
    assert list(read_lines(path)) == [{"number": 1}]
