"""Whether what is read can be learnt from in the memory there is: if not, the training ends before it begins."""

from collections.abc import Callable

import polars as pl

from carprice.errors import TrainingError
from carprice.listings.cap import MIN_CAP
from carprice.market.market_file import Market
from carprice.system.memory import MANY_ROWS, measure_free

FIXED_BYTES = 700_000_000
"""Whatever the listings: libraries, copies with fields left out, held-out listings, figures."""
ROW_BYTES, VALUE_BYTES = 200, 65
"""Of each listing, and of each of its features, at the peak of a training: docs/scale.md has the measurements."""
FURTHER_ROW_BYTES, FURTHER_VALUE_BYTES = 65, 20
"""The same beyond MANY_ROWS."""
LONGER = 10
"""How many times as long as what was read so far a file is taken to be, for the cap that is advised."""
GIGABYTE = 1e9


def watch_room(market: Market, free: int | None = None) -> Callable[[list[pl.DataFrame]], None]:
    """What load_listings calls with the batches that it holds. free: bytes, without it what is free now.

    Raises TrainingError as soon as they are more than can be learnt from: reading takes less memory than learning,
    so that this is long before there is none.
    """
    room = measure_free() if free is None else free
    most = count_rows(market, room)

    def check(held: list[pl.DataFrame]) -> None:
        rows = sum(batch.height for batch in held)
        if rows > most:
            raise TrainingError(*_describe(held, rows, most, room, market))

    return check


def count_rows(market: Market, room: int) -> int:
    """The listings that can be learnt from in so many bytes."""
    each, further = _measure_row(market)
    rest = room - FIXED_BYTES - each * MANY_ROWS
    return int(MANY_ROWS + rest / further) if rest > 0 else max(int(MANY_ROWS + rest / each), 0)


def count_bytes(market: Market, rows: int) -> int:
    """The bytes that so many listings need to be learnt from."""
    (each, further), many = _measure_row(market), min(rows, MANY_ROWS)
    return FIXED_BYTES + each * many + further * (rows - many)


def _measure_row(market: Market) -> tuple[int, int]:
    """The bytes of a listing, and of one beyond MANY_ROWS."""
    features = len(market.features)
    return ROW_BYTES + VALUE_BYTES * features, FURTHER_ROW_BYTES + FURTHER_VALUE_BYTES * features


def _describe(held: list[pl.DataFrame], rows: int, most: int, room: int, market: Market) -> tuple[str, str]:
    need = count_bytes(market, rows) / GIGABYTE
    what = (
        f"{rows:,} listings, and maybe more to come, need {need:.1f} GB to learn from, "
        f"and {room / GIGABYTE:.1f} GB are free: enough for {most:,}"
    )
    return what, f"Learn from a part of each model: ./carprice train ... --cap {advise_cap(held, most, market)}"


def advise_cap(held: list[pl.DataFrame], most: int, market: Market) -> int:
    """The largest of 1,000, 2,000, 5,000 ... that keeps a file LONGER times as long within so many listings."""
    keys = [name for name in ("make", "model") if market.feature(name)] or [market.features[0].name]
    counts = LONGER * pl.concat([batch.select(keys) for batch in held]).group_by(keys).len()["len"]
    advised = MIN_CAP
    for cap in (step * 10**power for power in range(3, 8) for step in (1, 2, 5)):
        if int(counts.clip(upper_bound=cap).sum()) <= most:
            advised = cap
    return advised
