"""Text of others on a terminal."""

import pytest

from carprice.system.text import escape_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Škoda Ευρώ ₹ 车", "Škoda Ευρώ ₹ 车"),
        ("", ""),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\u009b2J", r"\x9b2J"),
        ("a\u202eb", r"a\u202eb"),
        ("a\r\nb\t", r"a\r\nb\t"),
    ],
)
def test_what_steers_a_terminal_is_written_out(text: str, shown: str) -> None:
    assert escape_text(text) == shown
