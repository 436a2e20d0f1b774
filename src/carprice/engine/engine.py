"""Engines: the same steps on the cores of this machine, or on the workers of a Dask cluster."""

import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import connection
from pathlib import Path
from typing import Any

from carprice.engine.steps import Step, find_code_version, name_output, write_output
from carprice.errors import EngineError

AGAIN = "The same command, given again, goes on where it was."


@dataclass(frozen=True)
class Part:
    """A share of a step's work: its inputs, settings of its own, and how many rows it has, 0 where not known."""

    inputs: Sequence[Path] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    rows: int = 0


@dataclass(frozen=True)
class Progress:
    """How far a step is: parts that are done of all, rows in those that were made now; 0 where not known."""

    step: str
    done: int
    parts: int
    made: int
    rows: int


Show = Callable[[Progress], None]


class Engine:
    """Runs steps on an executor of the standard library's kind. made and found count outputs, since it began.

    found: outputs that were there already, of an earlier command.
    """

    def __init__(self, executor: Executor, show: Show | None = None) -> None:
        self._executor = executor
        self._show = show or (lambda _: None)
        self.made = 0
        self.found = 0

    def one(self, function: Step, inputs: Sequence[Path], work: Path, **settings: Any) -> Path:
        """The output of a step, as steps.run_step has it."""
        return self.map(function, [inputs], work, **settings)[0]

    def map(
        self, function: Step, parts: Sequence[Part | Path | Sequence[Path]], work: Path, **settings: Any
    ) -> list[Path]:
        """The outputs of a step on every part, in the order of the parts; what is there is not made again.

        A part is one input, several, or a Part with settings of its own. Raises what a step raises, and
        EngineError where a worker is lost or runs other code.
        """
        calls = [_as_part(part) for part in parts]
        names = [name_output(function, call.inputs, work, {**settings, **call.settings}) for call in calls]
        outputs = [work.absolute() / name for name in names]
        wanted = {output: call for output, call in zip(outputs, calls, strict=True) if not output.exists()}
        found = len(set(outputs)) - len(wanted)
        self.found += found
        self._follow(function.__name__, self._submit(function, wanted, settings), wanted, found)
        return outputs

    def _submit(
        self, function: Step, wanted: Mapping[Path, Part], settings: Mapping[str, Any]
    ) -> dict["Future[None]", Path]:
        return {
            self._executor.submit(
                run_part, function, call.inputs, output, {**settings, **call.settings}, find_code_version()
            ): output
            for output, call in wanted.items()
        }

    def _follow(
        self, step: str, pending: Mapping["Future[None]", Path], wanted: Mapping[Path, Part], found: int
    ) -> None:
        made, rows = 0, 0
        self._show(Progress(step, found, found + len(wanted), made, rows))
        try:
            for future in as_completed(pending):
                future.result()
                self.made += 1
                made, rows = made + 1, rows + wanted[pending[future]].rows
                self._show(Progress(step, found + made, found + len(wanted), made, rows))
        except BrokenProcessPool:
            raise EngineError(
                f"{step}: one of its processes was killed, as the kernel does where memory is short", AGAIN
            ) from None
        finally:
            for future in pending:
                future.cancel()


@contextmanager
def open_engine(workers: int = 0, show: Show | None = None) -> Iterator[Engine]:
    """An engine of that many processes, by default one for each core; of one, steps run in this process.

    The processes end with the block, and with this process, however it ends.
    """
    workers = workers or len(os.sched_getaffinity(0))
    if workers == 1:
        with ThreadPoolExecutor(1, "steps") as threads:
            yield Engine(threads, show)
        return
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _end_with_parent)
    try:
        yield Engine(pool, show)
    except BaseException:
        for child in set(multiprocessing.active_children()) - others:
            child.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def run_part(function: Step, inputs: Sequence[Path], output: Path, settings: Mapping[str, Any], code: str) -> None:
    """What a worker does: write one output. Raises EngineError where its code is not that of who asks."""
    if code != find_code_version():
        raise EngineError(
            f"worker on {socket.gethostname()}: runs other code ({find_code_version()}) than the command ({code})",
            "Start workers and command from the same image",
        )
    if not output.exists():
        write_output(function, inputs, output, settings)


def _as_part(part: Part | Path | Sequence[Path]) -> Part:
    if isinstance(part, Part):
        return replace(part, inputs=[path.absolute() for path in part.inputs])
    return _as_part(Part([part] if isinstance(part, Path) else part))


def _end_with_parent() -> None:
    """In a process of the pool: end at once with the one that started it, or at Ctrl-C: drafts alone are lost."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(128 + signal.SIGINT))
    parent = multiprocessing.parent_process()
    assert parent

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
