"""Engines: the same steps on the cores of this machine, or on the workers of a Dask cluster."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from carprice.engine.steps import Step, find_code_version, name_output, run_part
from carprice.errors import EngineError
from carprice.system.remote import is_remote

CHECK_SECONDS = 10.0
MAX_CHECKS = 12
"""Where nothing ends, workers are looked for so often; none found so many times in a row is an error: until then,
whatever started them may start them again.
"""
AGAIN = "The same command, given again, goes on where it was."


@dataclass(frozen=True)
class Part:
    """A share of a step's work: its inputs, settings of its own, and how many rows it has, 0 where not known."""

    inputs: Sequence[Path] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    rows: int = 0


Parts = Iterable[Part | Path | Sequence[Path]]
"""A part is one input, several, or a Part."""


@dataclass(frozen=True)
class Progress:
    """How far a step is: outputs that are done, of those known so far; of these made now, with their rows.

    rows: 0 where not known. is_all: no more parts will come.
    """

    step: str
    done: int
    parts: int
    made: int
    rows: int
    is_all: bool


Show = Callable[[Progress], None]


class Engine:
    """Runs steps on executors of the standard library's kind.

    alone: the executor for a step that needs a whole machine. has_workers: whether anybody is there to work. made
    and found: outputs since it began, found for those that were there already, of an earlier command.
    """

    def __init__(
        self,
        executor: Executor,
        alone: Executor,
        show: Show | None = None,
        has_workers: Callable[[], bool] = lambda: True,
    ) -> None:
        self._executor = executor
        self._alone = alone
        self._show = show or (lambda _: None)
        self.has_workers = has_workers
        self.made = 0
        self.found = 0

    def one(self, function: Step, inputs: Sequence[Path], work: Path, **settings: Any) -> Path:
        """The output of one step, which may use all cores of its machine; else as map."""
        return self._run(self._alone, function, [inputs], work, settings)[0]

    def map(self, function: Step, parts: Parts, work: Path, **settings: Any) -> list[Path]:
        """The outputs of a step on every part, in the order of the parts; what is there is not made again.

        What an iterator of parts yields is worked on while it makes the next. Raises what a step raises, and
        EngineError where a worker is lost, none is left, or one runs other code.
        """
        return self._run(self._executor, function, parts, work, settings)

    def _run(
        self, executor: Executor, function: Step, parts: Parts, work: Path, settings: Mapping[str, Any]
    ) -> list[Path]:
        outputs: list[Path] = []
        calls = _Calls(function.__name__, self)
        try:
            for part in map(_as_part, parts):
                own = {**settings, **part.settings}
                outputs.append(work.absolute() / name_output(function, part.inputs, work, own))
                if not calls.knows(outputs[-1]):
                    call = executor.submit(run_part, function, part.inputs, outputs[-1], own, find_code_version())
                    calls.follow(call, part.rows)
                calls.collect()
            calls.finish()
        except (BrokenProcessPool, CancelledError):
            raise EngineError(
                f"{function.__name__}: a worker was lost: killed, or short of memory", AGAIN
            ) from None
        finally:
            calls.cancel()
        return outputs

    def show(self, progress: Progress) -> None:
        """Show how far a step is."""
        self._show(progress)


class _Calls:
    """The calls of one step: who is at work, and what has come back."""

    def __init__(self, step: str, engine: Engine) -> None:
        self._step = step
        self._engine = engine
        self._outputs: set[Path] = set()
        self._pending: dict[Future[None], int] = {}
        self._ended: SimpleQueue[Future[None]] = SimpleQueue()
        self._found = self._made = self._rows = 0

    def knows(self, output: Path) -> bool:
        """Whether the output is there, or on its way."""
        if output in self._outputs:
            return True
        self._outputs.add(output)
        if not output.exists():
            return False
        self._found += 1
        self._engine.found += 1
        return True

    def follow(self, call: "Future[None]", rows: int) -> None:
        """Wait for a call too."""
        self._pending[call] = rows
        call.add_done_callback(self._ended.put)

    def collect(self) -> None:
        """Count what has ended meanwhile. Raises what a step raises."""
        while not self._ended.empty():
            self._take(self._ended.get())
        self._show(is_all=False)

    def finish(self) -> None:
        """Wait until all have ended. Raises what a step raises."""
        self._show(is_all=True)
        while self._pending:
            self._take(self._wait())
            self._show(is_all=True)

    def cancel(self) -> None:
        """Let none start that has not."""
        for call in self._pending:
            call.cancel()

    def _wait(self) -> "Future[None]":
        """The next that ends. Raises EngineError where all workers are lost: Dask itself would wait for ever."""
        missed = 0
        while missed < MAX_CHECKS:
            try:
                return self._ended.get(timeout=CHECK_SECONDS)
            except Empty:
                missed = 0 if self._engine.has_workers() else missed + 1
        raise EngineError(
            f"{self._step}: all workers are lost, and none has come back within {MAX_CHECKS * CHECK_SECONDS:g} s",
            f"Start some: docs/scale.md shows how. {AGAIN}",
        )

    def _take(self, call: "Future[None]") -> None:
        call.result()
        self._rows += self._pending.pop(call)
        self._made += 1
        self._engine.made += 1

    def _show(self, is_all: bool) -> None:
        done = self._found + self._made
        self._engine.show(Progress(self._step, done, len(self._outputs), self._made, self._rows, is_all))


def _as_part(part: Part | Path | Sequence[Path]) -> Part:
    if isinstance(part, Part):
        return replace(part, inputs=[path if is_remote(path) else path.absolute() for path in part.inputs])
    return _as_part(Part([part] if isinstance(part, Path) else part))
