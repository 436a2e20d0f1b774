"""The demo market: simulated listings, drawn from figures per version of a car, as many as asked for."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import polars as pl

from carprice.simulation.statistics import DISTANCE, YEAR_QUANTILES, read_figures

BATCH_ROWS = 50_000
NEWEST_YEAR = 2020
NEW_CAR_YEARS = 0.3
PRICE_STEP = 5
COLUMNS = ("make", "model", "year", "price", "transmission", "mileage", "fuel", "engine_size")

# Uniform numbers each listing takes from the stream: version, year, and twelve for each normal one.
_NORMAL = 12
_DRAWS = 2 + 2 * _NORMAL

Floats = npt.NDArray[np.float64]


def draw_listings(
    count: int, seed: int, figures_path: Path, batch_rows: int = BATCH_ROWS
) -> Iterator[pl.DataFrame]:
    """Yield count simulated listings as raw text, columns as in markets/demo.toml, at most batch_rows at a time.

    The same seed gives the same listings on any machine, whatever the batches, and the first n of more
    are the n of fewer. Raises ListingsError where the figures cannot be read.
    """
    figures = read_figures(figures_path)
    stream = np.random.PCG64(seed)
    for start in range(0, count, batch_rows):
        yield _draw_batch(figures, stream, min(batch_rows, count - start))


def write_listings(output: BinaryIO, count: int, seed: int, figures_path: Path) -> None:
    """Write count simulated listings as CSV with a header, in flat memory; see draw_listings."""
    for number, batch in enumerate(draw_listings(count, seed, figures_path)):
        output.write(batch.write_csv(include_header=number == 0).encode())


def _draw_batch(figures: pl.DataFrame, stream: np.random.PCG64, rows: int) -> pl.DataFrame:
    uniform = _draw_uniform(stream, rows)
    ends = figures["share"].cum_sum().to_numpy()
    version = np.searchsorted(ends, uniform[:, 0] * ends[-1], side="right")
    cars = figures[version]
    years = _draw_years(cars, uniform[:, 1])
    miles = _draw_miles(cars, years, _to_normal(uniform[:, 2 : 2 + _NORMAL]))
    prices = _draw_prices(cars, years, miles, _to_normal(uniform[:, 2 + _NORMAL :]))
    drawn = cars.with_columns(
        year=pl.Series(years, dtype=pl.Int64),
        mileage=pl.Series(miles, dtype=pl.Int64),
        price=pl.Series(prices, dtype=pl.Int64),
    )
    listings: pl.DataFrame = drawn.select(pl.col(COLUMNS).cast(pl.String).fill_null(""))
    return listings


def _draw_uniform(stream: np.random.PCG64, rows: int) -> Floats:
    """Numbers in [0, 1) of shape (rows, draws), from the raw stream, which NumPy never changes."""
    raw = stream.random_raw(rows * _DRAWS)
    uniform = (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return uniform.reshape(rows, _DRAWS)


def _to_normal(uniform: Floats) -> Floats:
    """Nearly normal numbers (rows,) as the sum of twelve uniform ones (rows, 12) less six (Irwin and Hall)."""
    total: Floats = uniform.sum(axis=1)
    return total - _NORMAL / 2


def _draw_years(cars: pl.DataFrame, uniform: Floats) -> Floats:
    marks = cars.select(*YEAR_QUANTILES).to_numpy().astype(float)
    position = uniform * (marks.shape[1] - 1)
    lower = position.astype(int)
    rows = np.arange(len(marks))
    low, high = marks[rows, lower], marks[rows, lower + 1]
    years: Floats = np.rint(low + (high - low) * (position - lower))
    return years


def _draw_miles(cars: pl.DataFrame, years: Floats, normal: Floats) -> Floats:
    driven = np.maximum(NEWEST_YEAR - years, NEW_CAR_YEARS)
    pace = cars["distance_per_year"].to_numpy() * np.exp(cars["distance_spread"].to_numpy() * normal)
    miles: Floats = np.maximum(np.rint(pace * driven), 1.0)
    return miles


def _draw_prices(cars: pl.DataFrame, years: Floats, miles: Floats, normal: Floats) -> Floats:
    level = np.log(cars["price"].to_numpy())
    level = level + (NEWEST_YEAR - years) * np.log1p(-cars["loss_per_year"].to_numpy())
    level = level + miles / DISTANCE * np.log1p(-cars["loss_per_10000"].to_numpy())
    level = level + cars["spread"].to_numpy() * normal
    prices: Floats = np.maximum(np.rint(np.exp(level) / PRICE_STEP), 1.0) * PRICE_STEP
    return prices
