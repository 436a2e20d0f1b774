"""JSON lines that crashes tear."""

from pathlib import Path

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
