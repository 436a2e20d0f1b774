"""The work of a training on an engine: which engine is wanted, and the folder that its steps write to."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from carprice.engine.engine import Engine, Progress, Show
from carprice.engine.start import LOCAL, open_engine
from carprice.engine.steps import hold_work, remove
from carprice.training.forest.booster import Booster, Grow, grow_here
from carprice.training.on_engine.boosters import grow_on
from carprice.training.on_engine.gang import grow_in_gang

WORK = ".work-"
"""The name of the work folder starts so, beside the bundles, and goes on with that of the market."""


@dataclass(frozen=True)
class EngineChoice:
    """The engine that a command names: address and workers as open_engine takes them; neither for none.

    gang: so many workers, who grow each large booster together, of this machine where no engine is named.
    """

    address: str = ""
    workers: int = 0
    show: Show | None = None
    gang: int = 0


NO_ENGINE = EngineChoice()
GROWING = "growing trees"
"""The step that is shown without an engine."""


@dataclass(frozen=True)
class TrainingWork:
    """What a training does its work with: this process alone, or an engine and a folder."""

    grow: Grow = grow_here
    engine: Engine | None = None


@contextmanager
def open_work(choice: EngineChoice, artifacts_dir: Path, market: str) -> Iterator[TrainingWork]:
    """What a training of a market works with; the folder goes when the block ended well.

    Raises EngineError where another command trains this market so, or the engine cannot be had.
    """
    if not choice.address and not choice.workers and not choice.gang:
        yield TrainingWork(_grow_shown(choice.show) if choice.show else grow_here)
        return
    with (
        hold_work(artifacts_dir / f"{WORK}{market}") as folder,
        open_engine(choice.address or LOCAL, choice.workers or choice.gang, choice.show) as engine,
    ):
        grow = grow_in_gang(engine, folder, choice.gang) if choice.gang else grow_on(engine, folder)
        yield TrainingWork(grow, engine)
    remove(folder)


def _grow_shown(show: Show) -> Grow:
    """Grow boosters in this process, and show how many of those that are needed at once there are."""

    def grow(boosters: Sequence[Booster]) -> list[str]:
        rows = [0, *accumulate(len(each.job.rows) for each in boosters)]

        def progress(done: int) -> None:
            show(Progress(GROWING, done, len(boosters), done, rows[done], is_all=True))

        return grow_here(boosters, progress if boosters else None)

    return grow
