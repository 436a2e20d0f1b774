"""What commands say while they work, on a terminal and elsewhere."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

SHOW = (
    "from carprice.cli.console import count_rows, say; times, shares = iter((0, 2, 4)), iter((0.25, 1)); "
    "show = count_rows({share}, clock=lambda: next(times)); [show(n) for n in {rows}]; say('Done')"
)


@pytest.fixture(autouse=True)
def source(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(root / "src"))


def test_on_a_terminal_one_line_is_drawn_again() -> None:
    leader, follower = pty.openpty()
    try:
        code = SHOW.format(rows="[1000, 2000]", share="lambda: next(shares)")
        subprocess.run([sys.executable, "-c", code], stderr=follower, check=True)
        text = os.read(leader, 10_000).decode()
    finally:
        os.close(leader)
        os.close(follower)
    first, second, last = text.split("\r\x1b[2K")[1:]
    assert first == "Read 1,000 rows, 500 rows/s, 0:00:06 left ..."
    assert second == "Read 2,000 rows, 500 rows/s ..."
    assert last == "Done\r\n"


def test_elsewhere_a_line_per_million() -> None:
    code = SHOW.format(rows="[10, 900_000, 1_100_000, 2_000_000, 2_200_000]", share="None")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "Read 10 rows ...\nRead 1,100,000 rows ...\nRead 2,200,000 rows ...\nDone\n"


PARTS = (
    "from carprice.cli.console import say, show_parts; from carprice.engine.engine import Progress; "
    "now = iter({times}); show = show_parts(lambda: next(now)); "
    "[show(Progress('score_part', *facts)) for facts in {facts}]; say('Done')"
)
FACTS = [
    (100_000, 100_000, 0, 0, False),
    (100_010, 123_456, 10, 500_000, False),
    (100_020, 123_456, 20, 1_000_000_000, True),
    (123_456, 123_456, 23_456, 9_000_000_000, True),
]


def test_how_far_a_step_is_fits_into_80_columns() -> None:
    leader, follower = pty.openpty()
    try:
        code = PARTS.format(times=[0.0, 10.0, 20.0, 500_000.0], facts=FACTS)
        subprocess.run([sys.executable, "-c", code], stderr=follower, check=True)
        lines = os.read(leader, 10_000).decode().split("\r\x1b[2K")[1:]
    finally:
        os.close(leader)
        os.close(follower)
    assert lines == [
        "Score part: 100,000 of 100,000 parts so far ...",
        "Score part: 100,010 of 123,456 parts so far, 50,000 rows/s ...",
        "Score part: 100,020 of 123,456 parts, 50,000,000 rows/s, 6:30:36 left ...",
        "Score part: 123,456 of 123,456 parts, 100,000 kept, 18,000 rows/s ...",
        "Done\r\n",
    ]
    assert max(map(len, lines)) < 80


def test_elsewhere_a_step_has_a_line_now_and_then() -> None:
    code = PARTS.format(times=[0.0, 10.0, 30.0, 40.0], facts=FACTS)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == (
        "Score part: 100,020 of 123,456 parts, 33,333,333 rows/s, 9:45:54 left ...\n"
        "Score part: 123,456 of 123,456 parts, 100,000 kept, 225,000,000 rows/s ...\nDone\n"
    )


def test_a_step_without_rows_counts_parts() -> None:
    code = PARTS.format(times=[0.0, 60.0], facts=[(0, 4, 0, 0, True), (1, 4, 1, 0, True)])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "Score part: 1 of 4 parts, 0.0167 parts/s, 0:03:00 left ...\nDone\n"
