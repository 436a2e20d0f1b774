"""The work of a training: which engine is wanted, and the folder in which what is done outlives a kill."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeVar

from carprice.engine.engine import Engine, Progress, Show
from carprice.engine.start import LOCAL, open_engine
from carprice.engine.steps import Step, hold_work, name_output, remove, write_whole
from carprice.listings.cleaning import Listings, load_listings
from carprice.listings.listings_files import ListingsFiles, Source, open_listings
from carprice.listings.reading.listings_file import STANDARD_INPUT
from carprice.listings.room import watch_room
from carprice.listings.stored import Table
from carprice.market.market_file import Market, dump_market
from carprice.system.memory import MANY_ROWS
from carprice.training.forest.booster import Grow, Growable, grow_here
from carprice.training.on_engine.boosters import grow_and_keep, grow_on
from carprice.training.on_engine.gang import grow_in_gang
from carprice.training.on_engine.kept_listings import read_listings, write_listings

WORK = ".work-"
"""The name of the work folder starts so, beside the bundles, and goes on with that of the market."""
MIN_KEPT_ROWS = MANY_ROWS
"""A training of so many listings keeps what is done also where no engine is named."""
GROWING = "growing trees"
"""The step that is shown without an engine."""

R = TypeVar("R")


@dataclass(frozen=True)
class EngineChoice:
    """The engine that a command names: address and workers as open_engine takes them; neither for none.

    gang: so many workers, who grow each large booster together, of this machine where no engine is named.
    read: gets the number of rows read after each batch.
    """

    address: str = ""
    workers: int = 0
    show: Show | None = None
    gang: int = 0
    read: Callable[[int], None] | None = None

    @property
    def is_any(self) -> bool:
        """Whether there is one."""
        return bool(self.address or self.workers or self.gang)


NO_ENGINE = EngineChoice()


class TrainingWork:
    """What a training does its work with: this process alone or an engine, and a folder of what is done.

    place: of the folder. folder: the same as soon as anything is kept in it, which stack then holds for this
    training alone.
    """

    def __init__(
        self, choice: EngineChoice = NO_ENGINE, place: Path = Path(WORK), stack: ExitStack | None = None
    ) -> None:
        self.grow: Grow = _grow_shown(choice.show) if choice.show else grow_here
        self.engine: Engine | None = None
        self.gang = choice.gang
        self.folder: Path | None = None
        self._choice = choice
        self._place = place
        self._stack = stack or ExitStack()
        self._table: Path | None = None

    def read(self, source: Source, market: Market, cap: int | None = None) -> Listings[Table]:
        """The clean listings of a source, which are kept with an engine, or where they are many.

        Raises ListingsError, and TrainingError where they need more memory than there is.
        """
        files = open_listings(source)
        load = partial(load_listings, files, market, self._choice.read, cap, watch_room(market))
        if any(str(file.path) == STANDARD_INPUT for file in files.files):
            return load()
        output = self._place / _name_table(files, market, cap, self._place)
        if output.exists():
            self._keep()
        if not output.exists():
            listings = load()
            if self.folder is None and listings.frame.height < MIN_KEPT_ROWS:
                return listings
            self._keep()
            write_whole(output, partial(write_listings, listings))
            del listings  # the columns are read from their files, one by one
        self._table = output
        return read_listings(output)

    def once(
        self,
        step: Step,
        make: Callable[[], R],
        write: Callable[[R, Path], None],
        read: Callable[[Path], R],
        **settings: Any,
    ) -> R:
        """What a step makes of the listings that were read, or has made; not kept where these are not.

        write and read: to and from its file or folder.
        """
        if self.folder is None or self._table is None:
            return make()
        settings["gang"] = self.gang
        output = self.folder / name_output(step, [self._table], self.folder, settings)
        if not output.exists():
            write_whole(output, partial(write, make()))
        return read(output)

    def forget(self) -> None:
        """Remove what is kept: nobody will go on with it."""
        if self.folder is not None:
            remove(self.folder)

    def start_engine(self) -> None:
        """Keep what is done, and let the engine grow the boosters. Raises EngineError where that cannot be."""
        choice = self._choice
        self.folder = self._stack.enter_context(hold_work(self._place))
        engine = open_engine(choice.address or LOCAL, choice.workers or choice.gang, choice.show)
        self.engine = self._stack.enter_context(engine)
        grow = grow_on(self.engine, self.folder)
        self.grow = grow_in_gang(self.engine, self.folder, choice.gang) if choice.gang else grow

    def _keep(self) -> None:
        """Keep from now on what is done. Raises EngineError where another training of the market does."""
        if self.folder is None:
            self.folder = self._stack.enter_context(hold_work(self._place))
            self.grow = grow_and_keep(self.folder, self.grow)


@contextmanager
def open_work(choice: EngineChoice, artifacts_dir: Path, market: str) -> Iterator[TrainingWork]:
    """What a training of a market works with; the folder goes when the block ended well.

    Raises EngineError where another training of this market keeps what it does, or the engine cannot be had.
    """
    with ExitStack() as stack:
        work = TrainingWork(choice, artifacts_dir / f"{WORK}{market}", stack)
        if choice.is_any:
            work.start_engine()
        yield work
    work.forget()


def _name_table(files: ListingsFiles, market: Market, cap: int | None, place: Path) -> str:
    settings = {"source": str(files), "market": dump_market(market), "cap": cap, **files.options}
    return name_output(load_listings, [file.path for file in files.files], place, settings)


def _grow_shown(show: Show) -> Grow:
    """Grow boosters in this process, and show how many of those that are needed at once there are."""

    def grow(boosters: Sequence[Growable]) -> list[str]:
        rows = [0, *accumulate(map(len, boosters))]

        def progress(done: int) -> None:
            show(Progress(GROWING, done, len(boosters), done, rows[done], is_all=True))

        return grow_here(boosters, progress if boosters else None)

    return grow
