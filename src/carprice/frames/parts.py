"""Prices of a whole frame of listings in parts, on an engine: equal to those of price_frame, row by row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import polars as pl

from carprice.engine.engine import Engine, Part
from carprice.engine.steps import write_whole
from carprice.frames.pricing import price_frame
from carprice.model.bundle.manifest import MANIFEST
from carprice.model.pricer import Pricer, load_pricer
from carprice.names import MIB

PART_ROWS = 50_000
MIN_PARTS_BYTES = 64 * MIB
"""With less to read, processes take longer to start than they win."""


@dataclass(frozen=True)
class PartPricing:
    """Prices frames as price_frame does, with the pricer of a bundle, on an engine and in a work folder.

    trusted: as for load_pricer.
    """

    bundle: Path
    trusted: str
    engine: Engine
    work: Path

    def price(self, frame: pl.DataFrame, pricer: Pricer) -> pl.DataFrame:
        """What price_frame returns. Raises EngineError and OSError."""
        trusted = find_trusted(self.trusted)
        outputs = self.engine.map(price_part, self._write_parts(frame), self.work, trusted=trusted)
        return pl.concat(pl.read_ipc(path) for path in outputs) if outputs else price_frame(frame, pricer)

    def _write_parts(self, frame: pl.DataFrame) -> Iterator[Part]:
        for number, rows in enumerate(frame.iter_slices(PART_ROWS)):
            path = self.work / f"rows{number}"
            write_whole(path, rows.write_ipc)
            yield Part([path, self.bundle], rows=rows.height)


def price_part(inputs: Sequence[Path], output: Path, trusted: str) -> None:
    """A step: a clean frame and the bundle to the frame that price_frame makes of them."""
    price_frame(pl.read_ipc(inputs[0]), load_kept_pricer(inputs[1], trusted)).write_ipc(output)


def find_trusted(trusted: str) -> str:
    """The folder of trusted keys as a worker in another folder finds it; empty for none."""
    return str(Path(trusted).absolute()) if trusted else ""


def load_kept_pricer(bundle: Path, trusted: str) -> Pricer:
    """The pricer of a bundle, which this process keeps for the next part. Raises BundleError."""
    return _load_pricer(bundle, trusted, (bundle / MANIFEST).stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _load_pricer(bundle: Path, trusted: str, _: int) -> Pricer:
    return load_pricer(bundle, trusted)
