"""All checks of clean listings together: each row has at most one reason to be dropped, each finding its count."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from carprice.listings.deduplication import CAR
from carprice.listings.hygiene.expectation import MIN_ROWS, Expectation, Floats, Mask, expect_values
from carprice.listings.hygiene.relisted import find_relisted
from carprice.listings.hygiene.slips import ANY_YEAR, judge_mileages, judge_prices
from carprice.listings.hygiene.texts import HINTED, PRICE_REASONS, SAID, flag_of
from carprice.market.market_file import Feature, Market

LINE, FLAGS = "@line", "@flags"
"""Columns of a frame that is inspected: the line of the file, and what TextReader found."""

REASONS = {
    **PRICE_REASONS,
    "parts": "parts, not a car",
    "wanted": "wanted ad",
    "new": "new car",
    "demonstrator": "demonstrator",
    "salvage": "salvage or damaged",
    "other_vehicle": "no car but a motorcycle, lorry or the like",
    "listed_again": "listed again",
}
MAKE, MODEL = "make", "model"
SWAPPED = "make and model are swapped"
MIN_SWAPPED = 3
"""How many times as many rows have make and model the other way round."""
FAR_BELOW = {"monthly_rate": 15.0, "deposit": 3.0, "parts": 4.0}
"""How many times below the usual a price is where a word elsewhere in the row makes it this instead of a price."""
YOUNG_YEARS = 1
"""Of the newest cars of a file: a few units are what they have gone."""
FEW_UNITS = 1000
NEAR_ZERO = 1.0
OLD_DISTANCE = 10_000
"""A car that has usually gone so far has not gone NEAR_ZERO."""
NEWEST = 0.999
"""Quantile of the years that counts as the newest: one typing error is not."""

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Finding:
    """One kind of finding. rows (rows,): of the inspected frame; column: in the source, "" for the whole row."""

    check: str
    reason: str
    rows: Mask
    column: str = ""


def inspect_listings(frame: pl.DataFrame, market: Market) -> list[Finding]:
    """What there is to say of each row, at most one finding per check, the surest first.

    frame: of the Cleaner, with key, CAR, problem, LINE and FLAGS; a row with a problem has a price outside the
    limits and is judged, but nothing is learnt from it. Checks with "keep" are not made.
    """
    acts = market.hygiene
    said = (*_read_said(frame), Finding("shifted", SWAPPED, _find_swapped(frame, market)))
    findings = [item for item in said if getattr(acts, item.check) != "keep"]
    is_out = frame["problem"].is_not_null().to_numpy() | _dropped(findings, market, frame.height)
    has_figures = any(not feature.has_words for feature in market.features)
    if has_figures and int((~is_out).sum()) >= MIN_ROWS:
        slips = _Slips(frame, market, is_out)
        findings += [item for item in slips.judge() if getattr(acts, item.check) != "keep"]
    return [item for item in findings if item.rows.any()]


def inspect_again(frame: pl.DataFrame, market: Market) -> list[Finding]:
    """The cars that are listed again among rows that are kept, where the market asks for it."""
    if market.hygiene.listed_again == "keep":
        return []
    rows = find_relisted(frame, market)
    return [Finding("listed_again", REASONS["listed_again"], rows)] if rows.any() else []


def _dropped(findings: list[Finding], market: Market, height: int) -> Mask:
    found = np.zeros(height, bool)
    for item in findings:
        if getattr(market.hygiene, item.check) == "drop":
            found |= item.rows
    return found


def _read_said(frame: pl.DataFrame) -> Iterator[Finding]:
    for check in SAID:
        yield Finding(check, REASONS[check], _has_flag(frame, flag_of(check)))


def _has_flag(frame: pl.DataFrame, bit: int) -> Mask:
    return ((frame[FLAGS] & bit) != 0).to_numpy()


def _find_swapped(frame: pl.DataFrame, market: Market) -> Mask:
    """Rows whose make is a model and whose model is its make, in more of the other rows."""
    if not all((feature := market.feature(name)) and feature.is_category for name in (MAKE, MODEL)):
        return np.zeros(frame.height, bool)
    pairs = frame.select(pl.col(MAKE, MODEL).str.to_lowercase())
    counts = pairs.drop_nulls().group_by(MAKE, MODEL).len("rows")
    other = counts.select(pl.col(MAKE).alias(MODEL), pl.col(MODEL).alias(MAKE), pl.col("rows").alias("others"))
    swapped = counts.join(other, on=[MAKE, MODEL]).filter(pl.col("others") > MIN_SWAPPED * pl.col("rows"))
    if not swapped.height:
        return np.zeros(frame.height, bool)
    found = pairs.join(swapped.select(MAKE, MODEL, "rows"), on=[MAKE, MODEL], how="left", maintain_order="left")
    return found["rows"].is_not_null().to_numpy()


class _Slips:
    """The checks that need to know what such cars usually have.

    is_out (rows,): rows that nothing is learnt from.
    """

    def __init__(self, frame: pl.DataFrame, market: Market, is_out: Mask) -> None:
        self.frame, self.market, self.is_out = frame, market, is_out
        self.price = frame["price"].to_numpy()
        self.mileage = market.mileage
        self.year = self._values(market.year)

    def judge(self) -> Iterator[Finding]:
        """Findings of prices, then of mileages of rows whose price is as usual."""
        names = [feature.name for feature in self.market.features if not feature.has_words]
        target = np.where(~self.is_out & (self.price > 0), np.log(np.maximum(self.price, 1)), np.nan)
        expected = expect_values(self.frame, names, target, self.frame[CAR])
        found = [*self._judge_hints(expected), *self._judge_prices(expected, np.isfinite(target))]
        yield from found
        if self.mileage is not None:
            strange = self.is_out | np.logical_or.reduce([item.rows for item in found])
            yield from self._judge_mileages(self.mileage, strange)

    def _judge_hints(self, expected: Expectation) -> Iterator[Finding]:
        below = expected.middle - np.log(np.maximum(self.price, 1))
        for check in HINTED:
            rows = _has_flag(self.frame, flag_of(check, True)) & (below > np.log(FAR_BELOW[check]))
            yield Finding(check, REASONS[check], rows, self.market.price.column)

    def _judge_prices(self, expected: Expectation, fitted: Mask) -> Iterator[Finding]:
        others = {"price is the year": self.year, "price is the distance": self._values(self.mileage)}
        copied = {reason: values for reason, values in others.items() if values is not None}
        names, best = judge_prices(np.maximum(self.price, 1), expected, copied, fitted)
        yield from _collect(names, best, np.ones(len(best), bool), self.market.price.column)

    def _judge_mileages(self, feature: Feature, strange: Mask) -> Iterator[Finding]:
        way = self.frame[feature.name].fill_null(np.nan).to_numpy()
        is_given = way > NEAR_ZERO
        target = np.where(is_given & ~strange, np.log(np.maximum(way, 1)), np.nan)
        if np.isfinite(target).sum() < MIN_ROWS:
            return
        names = [item.name for item in self.market.features if item != feature and not item.has_words]
        frame = self.frame.with_columns(pl.col("price").log())
        expected = expect_values(frame, [*names, "price"], target, self.frame[CAR])
        found, best = judge_mileages(np.nan_to_num(way), expected, self.year, np.isfinite(target))
        is_young = self._is_young()
        is_few = is_young & (way < FEW_UNITS)
        any_year = np.isin(best, [place for place, (_, reason) in enumerate(found) if reason == ANY_YEAR])
        yield from _collect(found, best, is_given & ~strange & ~is_few & ~(is_young & any_year), feature.column)
        near_zero = (way <= NEAR_ZERO) & (expected.middle > np.log(OLD_DISTANCE))
        near_zero |= is_given & is_few & (best >= 0)
        yield Finding("mileage_near_zero", "distance near zero", near_zero & ~strange, feature.column)

    def _is_young(self) -> Mask:
        if self.year is None:
            return np.zeros(self.frame.height, bool)
        newest = np.nanquantile(self.year, NEWEST) if np.isfinite(self.year).any() else np.nan
        return self.year >= newest - YOUNG_YEARS

    def _values(self, feature: Feature | None) -> Floats | None:
        return None if feature is None else self.frame[feature.name].fill_null(np.nan).to_numpy()


def _collect(names: list[tuple[str, str]], best: Rows, rows: Mask, column: str) -> Iterator[Finding]:
    """One finding for each check and reason that any of the rows has."""
    for check, reason in dict.fromkeys(names):
        places = [place for place, name in enumerate(names) if name == (check, reason)]
        if check:
            yield Finding(check, reason, np.isin(best, places) & rows, column)
