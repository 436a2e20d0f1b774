"""One rollout at a time, across processes, however the holder ends."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.ops.world import World

from carprice.errors import StackError
from carprice.ops.lock import hold_lock, is_alive, read_lock
from carprice.system.processes import Runner

HOLDER = """
import sys
from pathlib import Path
from carprice.ops.lock import hold_lock
with hold_lock(Path(sys.argv[1]), "rollout", print) as lock:
    lock.note(release="r7", step="bake")
    print("held", flush=True)
    sys.stdin.read()
"""
ORPHAN = """
import sys
from pathlib import Path
from carprice.ops.lock import hold_lock
from carprice.system.processes import Runner
with hold_lock(Path(sys.argv[1]), "rollout", print):
    print("held", flush=True)
    Runner(Path("/"), {}).try_run(["/bin/sh", "-c", "kill -9 $PPID; sleep 1"])
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "deploy.lock"


@contextmanager
def other_process(program: str, path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that holds the lock when the block begins."""
    argv = [sys.executable, "-c", program, str(path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        argv, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def take(path: Path) -> list[dict[str, Any]]:
    """Take the lock and let it go; what was left by another."""
    left: list[dict[str, Any]] = []
    with hold_lock(path, "rollback", left.append):
        pass
    return left


def test_the_file_names_holder_and_step(path: Path) -> None:
    with hold_lock(path, "rollout", pytest.fail) as lock:
        lock.note(step="health", release="r2")
        facts = read_lock(path)
    assert (facts["act"], facts["step"], facts["release"], facts["pid"]) == (
        "rollout",
        "health",
        "r2",
        os.getpid(),
    )
    assert read_lock(path) == {}


def test_a_second_holder_is_refused_and_told_of_the_first(path: Path) -> None:
    with other_process(HOLDER, path) as process:
        with pytest.raises(StackError) as error:
            take(path)
        assert "A rollout is under way to r7: " in error.value.what
        assert f"process {process.pid}, step bake, since " in error.value.what
        assert error.value.hint == f"Wait for it, or stop it: kill -INT {process.pid}"
        assert read_lock(path)["release"] == "r7", "the one refused does not touch it"


def test_a_killed_holder_is_taken_over_from(path: Path) -> None:
    with other_process(HOLDER, path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        [left] = take(path)
    assert (left["pid"], left["step"]) == (process.pid, "bake")
    assert take(path) == []


def test_what_a_killed_holder_had_started_is_waited_for(path: Path) -> None:
    with other_process(ORPHAN, path) as process:
        process.wait()
        with pytest.raises(BlockingIOError):
            lock_at_once(path)
        [left] = take(path)
    assert left["pid"] == process.pid


def lock_at_once(path: Path) -> None:
    import fcntl

    with path.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_hook_does_not_hold_the_lock(path: Path, tmp_path: Path) -> None:
    with hold_lock(path, "rollout", pytest.fail):
        runner = Runner(tmp_path, dict(os.environ), shares_lock=False)
        runner.run(["/bin/sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $! > pid"])
    try:
        lock_at_once(path)
    finally:
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def test_a_failing_block_lets_the_lock_go(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), hold_lock(path, "rollout", pytest.fail):
        raise ZeroDivisionError
    assert take(path) == []


@pytest.mark.parametrize("text", ["", "nonsense", "[1]", '{"pid": 1'])
def test_a_damaged_file_is_no_holder(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    assert take(path) == []


def test_a_folder_that_cannot_be_written_is_refused(path: Path) -> None:
    path.parent.write_text("")
    with pytest.raises(StackError, match=r"cannot be written \(File exists\), so nothing was begun"):
        take(path)


def test_a_number_that_another_process_got_since_is_not_the_holder(path: Path) -> None:
    with hold_lock(path, "rollout", pytest.fail):
        mine = json.loads(path.read_text())
    assert is_alive(mine)
    assert not is_alive({**mine, "since": mine["since"] - 1e6})
    assert is_alive({**mine, "host": "another"}), "nobody here can tell"


def test_a_link_in_its_place_is_not_followed(path: Path, tmp_path: Path) -> None:
    """A container that could put one there would have a file of the host emptied."""
    victim = tmp_path / "victim"
    victim.write_text("whole")
    path.parent.mkdir()
    path.symlink_to(victim)
    with pytest.raises(StackError, match=r"deploy\.lock: cannot be written \(it is a symbolic link, which is not"):
        take(path)
    assert victim.read_text() == "whole"


def test_lock_and_journal_are_where_no_container_writes(world: World, root: Path) -> None:
    context = world.context()
    mounted = re.findall(r"- \./([\w/]+):", (root / "docker-compose.yml").read_text())
    assert "logs" in mounted
    for path in (context.lock_file, context.journal.path):
        assert path.relative_to(context.folder).parts[0] not in mounted
