"""Programs run to the end, to a deadline, or are ended with all they started."""

import os
import threading
from pathlib import Path

import pytest

from carprice.errors import StackError
from carprice.system.processes import Runner, end_program
from carprice.system.waiting import wait_for

SECONDS = 5.0


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path, {"PATH": "/usr/bin:/bin", "WORD": "hello"})


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"


def test_folder_environment_and_exit_code(runner: Runner, tmp_path: Path) -> None:
    result = runner.try_run(["sh", "-c", "pwd; echo $WORD; echo no >&2; exit 3"])
    assert result.code == 3
    assert result.stdout == f"{tmp_path}\nhello\n"
    assert result.stderr == "no\n"
    assert runner.run(["echo", "a b"]) == "a b\n"


def test_a_failure_shows_the_last_lines(runner: Runner) -> None:
    with pytest.raises(StackError) as error:
        runner.run(["sh", "-c", "seq 9 >&2; exit 1"])
    assert error.value.what == "`sh -c seq 9 >&2; exit 1` ended with exit code 1: 5\n  6\n  7\n  8\n  9"


def test_a_missing_program_is_named(runner: Runner) -> None:
    with pytest.raises(StackError, match="no-such-program is not installed"):
        runner.try_run(["no-such-program"])


def test_at_the_deadline_everything_is_ended(runner: Runner, tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"`sh -c .*` did not end within 0.3 s"):
        runner.try_run(["sh", "-c", "sleep 60 & echo $! > pid; wait"], 0.3)
    pid = int((tmp_path / "pid").read_text())
    assert wait_for(lambda: is_gone(pid), SECONDS), "the kernel ends a killed program at its next turn"


def test_a_stream_ends_with_its_block(runner: Runner) -> None:
    with runner.stream(["sh", "-c", "echo one; cat"]) as process:
        assert process.stdout
        assert process.stdout.readline() == "one\n"
    assert process.returncode is not None


def test_a_stream_can_be_ended_from_another_thread(runner: Runner) -> None:
    with runner.stream(["sh", "-c", "echo one; sleep 60"]) as process:
        assert process.stdout
        threading.Timer(0.1, end_program, [process]).start()
        assert process.stdout.read().startswith("one")
