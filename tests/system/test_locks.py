"""Locks between processes."""

import subprocess
import sys
from pathlib import Path

import pytest

from carprice.system.locks import HeldError, hold_lock

HOLD = """
import sys
from pathlib import Path
from carprice.system.locks import hold_lock
with hold_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_one_at_a_time_until_the_holder_is_gone(kind: str, tmp_path: Path) -> None:
    path = tmp_path if kind == "folder" else tmp_path / "lock"
    words = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"PYTHONPATH": "src"}
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(HeldError), hold_lock(path):
            pass
        other.kill()
    with hold_lock(path), pytest.raises(HeldError), hold_lock(path, 0.01):
        pass
