"""Control characters of others never reach a terminal."""

import io

from carprice.system.terminal import TerminalStream, strip_controls

WINDOW_TITLE = "\x1b]0;mine\x07"


def test_controls_are_shown_not_done() -> None:
    assert strip_controls(f"a{WINDOW_TITLE}b\x9b31m\r") == "a\ufffd]0;mine\ufffdb\ufffd31m\ufffd"
    assert strip_controls("line\n\tnext, é, 日本") == "line\n\tnext, é, 日本"


def test_a_stream_to_a_terminal_does_the_same() -> None:
    output = io.BytesIO()
    text = f"a{WINDOW_TITLE}\x9b, é\n"
    assert TerminalStream(output).write(text.encode()) == len(text.encode())
    assert output.getvalue().decode() == strip_controls(text)
