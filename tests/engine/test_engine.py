"""Engines: one code path, in this process and in several; what is killed is done again, and nothing else is."""

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from tests.engine.example_steps import double, end_process, refuse, tell_process, write_slowly

from carprice.engine import engine as module
from carprice.engine.engine import Part, Progress
from carprice.engine.start import open_engine
from carprice.errors import EngineError, ListingsError
from carprice.system.processes import wait_for_ends
from carprice.system.waiting import wait_for

SECONDS = 30
COMMAND = """
import sys
from pathlib import Path
from carprice.engine.start import open_engine
from carprice.engine.steps import hold_work
from tests.engine.example_steps import write_slowly
if __name__ == "__main__":
    folder = Path(sys.argv[1])
    with hold_work(folder / "work") as work, open_engine(workers=int(sys.argv[2])) as engine:
        outputs = engine.map(write_slowly, [folder / name for name in "abcd"], work, stop_at="c")
        print(engine.made, engine.found, "".join(path.read_text() for path in outputs))
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_outputs_come_in_the_order_of_the_parts(parts, tmp_path, workers):
    shown: list[Progress] = []
    with open_engine(workers=workers, show=shown.append) as engine:
        calls = [Part([path], {"times": number}, rows=10) for number, path in enumerate(parts)]
        outputs = engine.map(double, calls, tmp_path / "work")
        assert [path.read_text() for path in outputs] == ["", "b", "cc", "ddd"]
        assert engine.one(double, outputs, tmp_path / "work", times=1).read_text() == "bccddd"
        assert (engine.made, engine.found) == (5, 0)
        engine.map(double, calls, tmp_path / "work")
        assert (engine.made, engine.found) == (5, 4)
    assert shown[0] in (Progress("double", 0, 1, 0, 0, False), Progress("double", 1, 1, 1, 10, False))
    assert Progress("double", 4, 4, 4, 40, True) in shown
    assert shown[-1] == Progress("double", 4, 4, 0, 0, True)


def test_the_same_part_twice_is_made_once(parts, tmp_path):
    with open_engine(workers=1) as engine:
        first, second = engine.map(double, [parts[0], [parts[0]]], tmp_path / "work")
        assert first == second
        assert (engine.made, engine.found) == (1, 0)


def test_one_worker_is_this_process_and_several_are_others(parts, tmp_path):
    found = []
    for workers in (1, 2):
        with open_engine(workers=workers) as engine:
            outputs = engine.map(tell_process, [parts[workers]], tmp_path / "work")
            found.append(int(outputs[0].read_text()) == os.getpid())
    assert found == [True, False]


@pytest.mark.parametrize("workers", [1, 2])
def test_the_error_of_a_step_comes_through_whole(parts, tmp_path, workers):
    with pytest.raises(ListingsError) as caught, open_engine(workers=workers) as engine:
        engine.map(refuse, parts, tmp_path / "work")
    assert (caught.value.what, caught.value.hint) == ("cars.csv: is no table", "Look into it")
    assert multiprocessing.active_children() == []


def test_a_process_that_is_killed_is_named(parts, tmp_path):
    with (
        pytest.raises(EngineError, match=r"^end_process: a worker was lost"),
        open_engine(workers=2) as engine,
    ):
        engine.map(end_process, parts, tmp_path / "work")


def test_a_worker_with_other_code_is_refused(parts, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "find_code_version", lambda: "0123")
    with (
        pytest.raises(EngineError, match=r"runs other code \([0-9a-f]{16}\) than the command \(0123\)"),
        open_engine(workers=2) as engine,
    ):
        engine.map(double, parts, tmp_path / "work")


@pytest.mark.parametrize("workers", [1, 2])
def test_after_kill_9_the_same_command_goes_on_and_redoes_nothing(parts, tmp_path, workers, root):
    script = tmp_path / "command.py"
    script.write_text(COMMAND)
    argv = [sys.executable, str(script), str(tmp_path), str(workers)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root / "src"), str(root)])}
    (tmp_path / "switch").touch()
    with subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert wait_for(lambda: (tmp_path / "mark").exists() and count_outputs(tmp_path) >= 2, SECONDS)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
    assert wait_for_ends(children, SECONDS) == []
    before = count_outputs(tmp_path)  # once all have ended: a worker may have been about to rename one
    (tmp_path / "switch").unlink()
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True, timeout=SECONDS)
    assert done.stdout.split() == [str(4 - before), str(before), "aabbccdd"]
    assert len(list((tmp_path / "work").glob(".draft*"))) == 0


def test_parts_are_worked_on_while_the_next_are_made(parts, tmp_path):
    def make_parts():
        yield parts[0]
        assert wait_for(lambda: list((tmp_path / "work").glob("double-*")), SECONDS)
        yield parts[1]

    with open_engine(workers=2) as engine:
        outputs = engine.map(double, make_parts(), tmp_path / "work")
    assert [path.read_text() for path in outputs] == ["aa", "bb"]


def count_outputs(folder: Path) -> int:
    return len(list((folder / "work").glob(f"{write_slowly.__name__}-*")))
