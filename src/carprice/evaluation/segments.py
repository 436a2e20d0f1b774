"""The segments that a model is judged by: what each listing of a frame is called in each of them."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from carprice.evaluation.ratio_study import Statistics, measure_prices
from carprice.frames.encoding import Floats
from carprice.listings.cleaning import DAY
from carprice.market.market_file import Market
from carprice.model.age_bands import AGE_BANDS

Segment = dict[str, Any]
"""The statistics of one segment, with its name."""

DAY_BANDS = {"0-7": 7, "8-30": 30, "31-60": 60, "61-90": 90, "91+": None}
"""Days after the last one learnt from, up to and with."""
PRICE_BAND_COUNT = 5
MIN_SEGMENT_ROWS = 20
MAX_SEGMENTS = 30
"""Of one kind: the largest are kept."""
NOT_KNOWN = "not known"
MEASURED = ("price", "predicted", "low", "high", "within")
"""The columns that statistics need: parts of a frame of all columns would take many times as much memory."""
PROMISED, NOT_PROMISED = "promised", "not promised"
"""Whether the answer says which share its range holds."""


def measure_segments(priced: pl.DataFrame, market: Market, as_of: float | None) -> dict[str, list[Segment]]:
    """The statistics of each segment with at least MIN_SEGMENT_ROWS listings, by the kind of segment.

    priced: a frame of price_frame, with price. as_of: the last day learnt from, days since 1970-01-01, or None.
    A kind that the frame has nothing for is left out.
    """
    labels = {
        "make": name_texts(priced, market, "make"),
        "age": name_ages(priced, market),
        "price": name_bands(priced["predicted"]),
        "fuel": name_texts(priced, market, "fuel"),
        "month": name_months(priced),
        "days": name_days(priced, as_of),
        "confidence": priced["confidence"],
        "promise": _name_promises(priced),
    }
    measured = {kind: _measure_kind(priced, names) for kind, names in labels.items() if names is not None}
    return {kind: found for kind, found in measured.items() if found}


def measure_part(part: pl.DataFrame) -> Statistics:
    """measure_prices of a priced frame that is not empty."""
    return measure_prices(*(part[name].to_numpy() for name in ("price", "predicted", "low", "high")))


def _measure_kind(priced: pl.DataFrame, labels: pl.Series) -> list[Segment]:
    found: list[Segment] = []
    for label, part in split_by(priced.select(MEASURED), labels, MAX_SEGMENTS).items():
        said = {"said_within_10": float(part["within"].mean() or 0)} if labels.name == "confidence" else {}  # type: ignore[arg-type]
        found.append({"name": label, **measure_part(part), **said})
    return found


def split_by(frame: pl.DataFrame, labels: pl.Series, most: int | None = None) -> dict[str, pl.DataFrame]:
    """The parts of a frame by label with at least MIN_SEGMENT_ROWS rows, the `most` largest, sorted by label."""
    parts = frame.with_columns(labels.alias("slice")).drop_nulls("slice").partition_by("slice", as_dict=True)
    large = [(str(label), part) for (label,), part in parts.items() if part.height >= MIN_SEGMENT_ROWS]
    large.sort(key=lambda item: -item[1].height)
    return dict(sorted(large[:most], key=lambda item: _sort_key(item[0])))


def _sort_key(label: str) -> tuple[float, str]:
    start = label.split("-")[0].rstrip("+")
    return (float(start), label) if start.isdigit() else (_ORDER.get(label, 0.0), label)


_ORDER = {"high": 1.0, "medium": 2.0, "low": 3.0, NOT_KNOWN: math.inf}


def name_texts(frame: pl.DataFrame, market: Market, name: str) -> pl.Series | None:
    """The category of that name, where the market has it."""
    feature = market.feature(name)
    return frame[name].fill_null(NOT_KNOWN) if feature and feature.is_category else None


def name_ages(frame: pl.DataFrame, market: Market) -> pl.Series | None:
    """The age band of each listing, counted from the newest year of the frame."""
    if market.year is None:
        return None
    years = frame[market.year.name]
    ages = years.max() - years.fill_null(np.nan).to_numpy() if years.count() else np.full(frame.height, np.nan)
    return _name_limits(ages, AGE_BANDS).fill_null(NOT_KNOWN)


def name_bands(prices: pl.Series) -> pl.Series:
    """The fifth of each price, such as `5900-8700`."""
    values = prices.to_numpy()
    edges = np.unique(np.round(np.quantile(values, np.linspace(0, 1, PRICE_BAND_COUNT + 1))))
    band = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, max(len(edges) - 2, 0))
    names = [f"{low:.0f}-{high:.0f}" for low, high in pairwise(edges)] or [f"{edges[0]:.0f}"]
    return pl.Series([names[index] for index in band], dtype=pl.String)


def name_months(frame: pl.DataFrame) -> pl.Series | None:
    """The month of each listing's day, such as `2015-02`, where listings have one."""
    if DAY not in frame.columns:
        return None
    day = pl.from_epoch(pl.col(DAY).floor().cast(pl.Int64), time_unit="d")
    return frame.select(day.dt.strftime("%Y-%m").fill_null(NOT_KNOWN)).to_series()


def name_days(frame: pl.DataFrame, as_of: float | None) -> pl.Series | None:
    """How many days after as_of each listing came, in bands; null for one that did not come after it."""
    if DAY not in frame.columns or as_of is None:
        return None
    since = frame[DAY].fill_null(np.nan).to_numpy() - as_of
    return _name_limits(np.where(since > 0, since, np.nan), DAY_BANDS)


def _name_promises(priced: pl.DataFrame) -> pl.Series:
    """Whether the range's share is promised."""
    names = pl.when(pl.col("coverage").is_null()).then(pl.lit(NOT_PROMISED)).otherwise(pl.lit(PROMISED))
    return priced.select(names).to_series()


def _name_limits(values: Floats, bands: dict[str, int | None]) -> pl.Series:
    labels = np.full(len(values), None, dtype=object)
    for label, limit in reversed(bands.items()):
        labels[values <= (np.inf if limit is None else limit)] = label
    return pl.Series(labels.tolist(), dtype=pl.String)
