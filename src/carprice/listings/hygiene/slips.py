"""Slips of scale, placeholders and shifted columns, judged by what such cars usually have."""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from carprice.listings.hygiene.expectation import Expectation, Floats, Mask
from carprice.listings.hygiene.mixture import Usual, explain

PRICE_FACTORS = {
    "price 1,000 times too high": 1000,
    "price 100 times too high": 100,
    "price 10 times too high": 10,
    "price 10 times too low": 1 / 10,
    "price 100 times too low": 1 / 100,
    "price 1,000 times too low": 1 / 1000,
}
MILEAGE_FACTORS = {
    "distance 100 times too far": 100,
    "distance 10 times too far": 10,
    "distance in thousands": 1 / 1000,
}
NINES = tuple(int("9" * length) for length in range(1, 9))
USUAL_PLACEHOLDERS = (
    *(int("1" * length) for length in range(1, 9)),
    *(int("123456789"[:length]) for length in range(2, 10)),
    *NINES,
)
OTHER_PLACEHOLDERS = sorted({int(str(digit) * length) for digit in range(2, 9) for length in range(2, 9)})
FAR_RATIO, FAR_SPREADS = 1.5, 2.5
"""How far from the usual a price of nines is to be a placeholder: 9,999 is what many cars really cost."""
TYPED_WIDTH = 14.0
"""Natural logs from the least to the largest number that is typed in without any sense."""
ANY_YEAR = "distance is a year"
FIRST_YEAR, LAST_YEAR = 1950, 2035
THOUSAND = 1000

Judged = tuple[list[tuple[str, str]], npt.NDArray[np.int64]]
"""Findings (check, reason), and of each row (rows,) the place of its own among them, -1 for none."""
Slips = dict[tuple[str, str, float], Floats]
"""By check, reason and a number that tells slips of one reason apart: the density of each row's log value."""


def judge_prices(price: Floats, expected: Expectation, copied: Mapping[str, Floats], fitted: Mask) -> Judged:
    """What is wrong with each price (rows,), above 0. copied: by reason, what it may be a copy of.

    fitted (rows,): the rows that shares and densities are estimated from.
    """
    distance = np.log(price) - expected.middle
    usual, slips = _scale_slips("price_scale", PRICE_FACTORS, distance, expected.spread, fitted)
    boost = _measure_endings(price, fitted)
    is_far = np.abs(distance) > np.maximum(math.log(FAR_RATIO), FAR_SPREADS * expected.spread)
    is_far |= ~np.isin(price, NINES)
    slips |= _placeholder_slips("price_placeholder", "placeholder price", price * is_far, boost)
    for reason, values in copied.items():
        slips["shifted", reason, 0] = (price == values) * price / boost
    slips["price_far_off", "price far from such cars", 0] = np.full(len(price), 1 / TYPED_WIDTH)
    return _explain(usual, slips, fitted)


def judge_mileages(way: Floats, expected: Expectation, year: Floats | None, fitted: Mask) -> Judged:
    """What is wrong with each mileage (rows,), as judge_prices has it; a finding without a check is none."""
    distance = np.log(np.maximum(way, 1)) - expected.middle
    usual, slips = _scale_slips("mileage_scale", MILEAGE_FACTORS, distance, expected.spread, fitted)
    boost = _measure_endings(way, fitted)
    slips |= _placeholder_slips("mileage_placeholder", "placeholder distance", way, boost)
    if year is not None:
        slips["shifted", "distance is the year", 0] = (way == year) * way / boost
    is_year = (way >= FIRST_YEAR) & (way <= LAST_YEAR) & (way == np.floor(way))
    slips["shifted", ANY_YEAR, 0] = is_year * way / boost / (LAST_YEAR - FIRST_YEAR)
    slips["", "far off", 0] = np.full(len(way), 1 / TYPED_WIDTH)
    return _explain(usual, slips, fitted)


def _explain(usual: Floats, slips: Slips, fitted: Mask) -> Judged:
    return [(check, reason) for check, reason, _ in slips], explain(usual, list(slips.values()), fitted)


def _scale_slips(
    check: str, factors: Mapping[str, float], distance: Floats, spread: Floats, fitted: Mask
) -> tuple[Floats, Slips]:
    """The density of each row's log value as it usually is, and if it were multiplied by each factor."""
    usual = Usual((distance / spread)[fitted])
    slips = {
        (check, reason, factor): usual.density((distance - np.log(factor)) / spread) / spread
        for reason, factor in factors.items()
    }
    return usual.density(distance / spread) / spread, slips


def _placeholder_slips(check: str, reason: str, values: Floats, boost: Floats) -> Slips:
    """One slip for each usual placeholder, whose shares differ from file to file, and one for all others.

    A placeholder has all its chance at one value: over a log value that is a density of the value itself, less the
    boost that usual values of such an ending have.
    """
    slips: Slips = {
        (check, reason, value): is_it * values / boost
        for value in USUAL_PLACEHOLDERS
        if (is_it := values == value).any()
    }
    others = np.isin(values, OTHER_PLACEHOLDERS)
    return {**slips, (check, reason, 0): others * values / boost / len(OTHER_PLACEHOLDERS)}


def _measure_endings(values: Floats, fitted: Mask) -> Floats:
    """Of each row how many times as often values end in its last three digits as if all were equally frequent."""
    endings = np.nan_to_num(values).astype(np.int64) % THOUSAND
    counts = np.bincount(endings[fitted & (values >= THOUSAND)], minlength=THOUSAND) + 1
    boost = counts * THOUSAND / counts.sum()
    return np.where(values >= THOUSAND, boost[endings], 1.0)
