"""What commands say while they work, on a terminal and elsewhere."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

SHOW = (
    "from carprice.cli.console import count_rows, say; show = count_rows(); [show(n) for n in {rows}]; say('Done')"
)


@pytest.fixture(autouse=True)
def source(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(root / "src"))


def test_on_a_terminal_one_line_is_drawn_again() -> None:
    leader, follower = pty.openpty()
    try:
        code = SHOW.format(rows="[10, 20]")
        subprocess.run([sys.executable, "-c", code], stderr=follower, check=True)
        text = os.read(leader, 10_000).decode()
    finally:
        os.close(leader)
        os.close(follower)
    first, second, last = text.split("\r\x1b[2K")[1:]
    assert first.startswith("Read 10 rows, ")
    assert second.startswith("Read 20 rows, ")
    assert "\n" not in first + second
    assert last == "Done\r\n"


def test_elsewhere_a_line_per_million() -> None:
    code = SHOW.format(rows="[10, 900_000, 1_100_000, 2_000_000, 2_200_000]")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "Read 10 rows ...\nRead 1,100,000 rows ...\nRead 2,200,000 rows ...\nDone\n"
