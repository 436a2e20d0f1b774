"""Features that were computed from the price: with one, every figure is too good and every price a copy."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import polars as pl

from carprice.errors import TrainingError
from carprice.listings.cleaning import CAR
from carprice.listings.stored import Table, gather_rows
from carprice.market.market_file import Market

MAX_ROWS = 10_000
MIN_ROWS = 80
MIN_VALUES = 30
"""With fewer, a number cannot give the price away."""
MAX_ERROR = 0.02
"""Of the price by its neighbours alone; the best honest number of five markets misses by 18 %."""
MAX_SHARE = 0.1
"""The same as a share of the usual distance of prices from their median, where all cost nearly the same."""
MAX_CORRELATION = 0.999
"""Of ranks, within a model: an honest number orders no model's prices as exactly."""
MIN_MODEL_ROWS = 30
MAX_MODELS = 50
SEED = 1

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Leak:
    """The features, one or two, that give the price away, and the figure that shows it."""

    names: tuple[str, ...]
    figure: str


def check_leaks(frame: Table, market: Market) -> None:
    """Raises TrainingError naming a number from which, alone or times or over another, the price follows."""
    leak = find_leak(frame, market)
    if leak:
        raise TrainingError(
            f"Feature {' and '.join(leak.names)} gives the price away: {leak.figure}",
            f"It was computed from the price, which no caller knows: remove features.{' or '.join(leak.names)} "
            "from the market file.",
        )


def find_leak(frame: Table, market: Market) -> Leak | None:
    """The first number, or two, from which the price follows; None where there is none or too few can tell.

    Of each car one listing counts: two of one car at nearly one price are neighbours by any number. So does one of
    those with the same numbers and price, as a car has that is offered in several towns.
    """
    names = [feature.name for feature in market.features if not feature.is_text]
    cars = frame.select(CAR, "price", *names).with_row_index("@row")
    for same in ([CAR], ["price", *names]):
        cars = cars.unique(same, keep="first", maintain_order=True)
    sample = gather_rows(frame, cars["@row"][:: max(1, -(-cars.height // MAX_ROWS))])
    if sample.height < MIN_ROWS:
        return None
    target = np.log(sample["price"].to_numpy())
    numbers = {
        feature.name: values
        for feature in market.features
        if (values := _read_numbers(sample[feature.name])) is not None and len(np.unique(values)) >= MIN_VALUES
    }
    return next(_find_leaks(numbers, target, _group_models(sample, market)), None)


def _find_leaks(numbers: dict[str, Floats], target: Floats, models: list[np.ndarray]) -> Iterator[Leak]:
    for name, values in numbers.items():
        yield from _find_alone(name, values, target)
        yield from _find_order(name, values, target, models)
    # A pair of which one alone gives the price away would be named for it, so pairs come last.
    for one, other in combinations(numbers, 2):
        yield from _find_pair((one, other), (numbers[one], numbers[other]), target)


def measure_neighbours(values: Floats, target: Floats) -> float:
    """The median error of a log price by the mean of the two listings with the nearest values; NaN is left out.

    Listings of equal values are neighbours in no order of the file, which may be that of their prices.
    """
    known = np.flatnonzero(np.isfinite(values))
    if len(known) < MIN_ROWS or len(np.unique(values[known])) < MIN_VALUES:
        return np.inf
    known = np.random.default_rng(SEED).permutation(known)
    ordered = target[known][np.argsort(values[known], kind="stable")]
    error = float(np.median(np.abs(ordered[1:-1] - (ordered[:-2] + ordered[2:]) / 2)))
    usual = float(np.median(np.abs(ordered - np.median(ordered))))
    return error if error < MAX_SHARE * usual else np.inf


def _find_alone(name: str, values: Floats, target: Floats) -> Iterator[Leak]:
    error = measure_neighbours(values, target)
    if error < MAX_ERROR:
        yield Leak((name,), f"the cars with the nearest values have it within {error:.2%} in the median")


def _find_pair(names: tuple[str, str], pair: tuple[Floats, Floats], target: Floats) -> Iterator[Leak]:
    """Products and quotients, as sums of logarithms."""
    one, other = (np.log(np.where(values > 0, values, np.nan)) for values in pair)
    error = min(measure_neighbours(one + other, target), measure_neighbours(one - other, target))
    if error < MAX_ERROR:
        yield Leak(names, f"times or over each other they have it within {error:.2%} in the median")


def _find_order(name: str, values: Floats, target: Floats, models: list[np.ndarray]) -> Iterator[Leak]:
    found = []
    for rows in models:
        known = rows[~np.isnan(values[rows])]
        if len(known) >= MIN_MODEL_ROWS and len(np.unique(values[known])) >= MIN_MODEL_ROWS / 2:
            found.append(abs(_correlate_ranks(values[known], target[known])))
    if found and np.median(found) > MAX_CORRELATION:
        yield Leak(
            (name,), f"within a model the cars have the same order by it as by price ({np.median(found):.4f})"
        )


def _correlate_ranks(one: Floats, other: Floats) -> float:
    ranks = [pl.Series(values).rank().to_numpy() for values in (one, other)]
    return float(np.corrcoef(ranks)[0, 1]) if len(np.unique(other)) > 1 else 0.0


def _group_models(sample: pl.DataFrame, market: Market) -> list[np.ndarray]:
    """The rows of the models with most listings; of all where the market has neither make nor model."""
    keys = [name for name in ("make", "model") if market.feature(name)]
    if not keys:
        return [np.arange(sample.height)]
    rows = sample.select(keys).with_row_index("row").group_by(keys).agg("row").sort(pl.col("row").list.len())
    return [np.array(each) for each in rows["row"].to_list()[-MAX_MODELS:]]


def _read_numbers(values: pl.Series) -> Floats | None:
    """Numbers, NaN where missing; of texts their digits, where most are little else; None for other texts."""
    if values.dtype != pl.String:
        return values.fill_null(np.nan).to_numpy()
    digits = values.str.replace_all(r"[^0-9]", "")
    is_number = (digits.str.len_chars() >= values.str.len_chars() - 3) & (digits != "")
    if is_number.sum() <= values.count() / 2:
        return None
    numbers = digits.cast(pl.Float64, strict=False)
    return pl.select(pl.when(is_number).then(numbers)).to_series().fill_null(np.nan).to_numpy()
