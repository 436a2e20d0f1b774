"""Two models side by side on the same listings: overall and by segment, with the interval of the difference.

Both price every listing, so the differences are paired: what makes a listing hard is the same for both. Intervals
are of percentiles: Efron, "Bootstrap methods: another look at the jackknife" (Annals of Statistics 7, 1979).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from scipy import stats  # type: ignore[import-untyped]

from carprice.errors import BundleError
from carprice.evaluation.ratio_study import Statistics
from carprice.evaluation.segments import (
    MAX_SEGMENTS,
    measure_part,
    name_ages,
    name_bands,
    name_texts,
    split_by,
)
from carprice.frames.encoding import Floats
from carprice.frames.pricing import price_frame
from carprice.market.market_file import Market, dump_market
from carprice.model.pricer import Pricer

Comparison = dict[str, Any]
"""Plain data for JSON; docs/compare.md describes it."""

COMPARISON_FORMAT = 1
SEED = 7
RESAMPLES = 500
MAX_RESAMPLED_ROWS = 20_000
"""Listings that an interval is drawn from: of more, a random part, which makes it wider, never narrower."""
BATCH_VALUES = 1_000_000
"""Held at a time while resampling."""
CONFIDENCE = 0.95
FAR_SHIFT = 0.95
"""Quantile of the shifts of single prices."""
FIGURES = ("median_ape", "mae", "median_ratio", "coverage")
BETTER, WORSE, ALIKE = "better", "worse", "no clear difference"


def compare_frame(
    frame: pl.DataFrame, challenger: Pricer, champion: Pricer, listings: Mapping[str, Any]
) -> Comparison:
    """Compare two models on a clean frame with price, of which neither has learnt a row.

    listings: which these are, passed through. A listing that one of them would not value is counted and left out.
    Raises BundleError where the models do not read the same listings, or neither values one.
    """
    check_same_market(challenger, champion)
    new, old = price_frame(frame, challenger), price_frame(frame, champion)
    return compare_priced(new, old, challenger, champion, listings)


def compare_priced(
    new: pl.DataFrame, old: pl.DataFrame, challenger: Pricer, champion: Pricer, listings: Mapping[str, Any]
) -> Comparison:
    """As compare_frame, of the same listings as price_frame has priced them for both, in the same order."""
    check_same_market(challenger, champion)
    valued = (new["unvalued"].is_null() & old["unvalued"].is_null()).to_numpy()
    unvalued = {"challenger": new["unvalued"].count(), "champion": old["unvalued"].count()}
    pair = Pair(new.filter(valued), old.filter(valued))
    if not pair.rows:
        raise BundleError(f"{challenger.version} and {champion.version} value none of {new.height:,} listings")
    overall = pair.compare()
    return {
        "format": COMPARISON_FORMAT,
        "market": challenger.market.name,
        "currency": challenger.market.currency,
        "challenger": challenger.version,
        "champion": champion.version,
        "listings": dict(listings),
        "unvalued": unvalued,
        "overall": overall,
        "segments": _compare_segments(pair, challenger.market),
        "result": name_result(overall),
    }


def check_same_market(challenger: Pricer, champion: Pricer) -> None:
    """Raises BundleError where two models do not take the same fields from the same columns at the same price."""
    read = []
    for pricer in (challenger, champion):
        data = dump_market(pricer.market)
        read.append({key: data[key] for key in ("name", "currency", "price", "features")})
    differ = [key for key in read[0] if read[0][key] != read[1][key]]
    if differ:
        raise BundleError(
            f"{challenger.version} and {champion.version} do not read the same listings: their market files "
            f"differ in {', '.join(differ)}",
            f"See each alone: ./carprice report {challenger.version} --data LISTINGS",
        )


class Pair:
    """The same listings priced by two models, row by row."""

    def __init__(self, new: pl.DataFrame, old: pl.DataFrame) -> None:
        self.new, self.old = new, old
        self.rows = new.height

    def compare(self, name: str = "all") -> dict[str, Any]:
        """name, rows, the figures of both, the changes from the champion with their intervals, the price shift."""
        figures = {"challenger": measure_part(self.new), "champion": measure_part(self.old)}
        shift = np.log(self.new["predicted"].to_numpy() / self.old["predicted"].to_numpy())
        return {
            "name": name,
            "rows": self.rows,
            **{model: pick_figures(found) for model, found in figures.items()},
            **_bound_changes(*self._errors()),
            "price_shift": float(np.exp(np.median(shift))),
            "far_shift": float(np.exp(np.quantile(np.abs(shift), FAR_SHIFT))),
        }

    def take(self, rows: pl.Series) -> "Pair":
        """The listings of those row numbers."""
        return Pair(self.new[rows], self.old[rows])

    def _errors(self) -> tuple[Floats, Floats, Floats]:
        """The absolute errors of both models as shares, and by how much money the challenger's are larger."""
        actual = self.new["price"].to_numpy()
        off = [np.abs(priced["predicted"].to_numpy() - actual) for priced in (self.new, self.old)]
        return off[0] / actual, off[1] / actual, off[0] - off[1]


def pick_figures(found: Statistics) -> dict[str, float | None]:
    """The figures of a comparison, of those of a report."""
    return {name: found[name] for name in FIGURES}


def name_result(part: Mapping[str, Any]) -> str:
    """Whether the challenger is better, worse or neither: where the interval of the median error lies."""
    change = part["median_ape_change"]
    if change["low"] is None:
        return ALIKE
    return BETTER if change["high"] < 0 else WORSE if change["low"] > 0 else ALIKE


def _compare_segments(pair: Pair, market: Market) -> dict[str, list[dict[str, Any]]]:
    """By kind the comparisons of each segment, cut as the report cuts them; price by what the champion says."""
    labels = {
        "make": name_texts(pair.new, market, "make"),
        "age": name_ages(pair.new, market),
        "fuel": name_texts(pair.new, market, "fuel"),
        "price": name_bands(pair.old["predicted"]),
    }
    rows = pl.DataFrame({"row": pl.int_range(pair.rows, eager=True)})
    found = {
        kind: [pair.take(part["row"]).compare(name) for name, part in split_by(rows, names, MAX_SEGMENTS).items()]
        for kind, names in labels.items()
        if names is not None
    }
    return {kind: parts for kind, parts in found.items() if parts}


def _bound_changes(new: Floats, old: Floats, money: Floats) -> dict[str, dict[str, float | None]]:
    """The changes of the median error and of the mean error in money, each with its interval, None for one row."""
    values = _measure_changes(new, old, money)
    low = high = np.array([None, None])
    if len(new) > 1:
        low, high = _resample(new, old, money)
    names = ("median_ape_change", "mae_change")
    return {
        name: {"value": float(value), "low": _as_number(below), "high": _as_number(above)}
        for name, value, below, above in zip(names, values, low, high, strict=True)
    }


def _measure_changes(new: Floats, old: Floats, money: Floats, axis: int = -1) -> Floats:
    return np.stack([np.median(new, axis) - np.median(old, axis), np.mean(money, axis)])


def _resample(*columns: Floats) -> tuple[Floats, Floats]:
    """The percentile intervals of _measure_changes."""
    draw = np.random.default_rng(SEED)
    if len(columns[0]) > MAX_RESAMPLED_ROWS:
        rows = draw.choice(len(columns[0]), MAX_RESAMPLED_ROWS, replace=False)
        columns = tuple(column[rows] for column in columns)
    interval = stats.bootstrap(
        columns,
        _measure_changes,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=max(1, BATCH_VALUES // len(columns[0])),
        confidence_level=CONFIDENCE,
        method="percentile",
        random_state=draw,
    ).confidence_interval
    return interval.low, interval.high


def _as_number(value: Any) -> float | None:
    return None if value is None else float(value)
