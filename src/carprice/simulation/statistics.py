"""Figures per version of a car, measured from listings: what the demo market draws its listings from."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from carprice.errors import ListingsError, MarketError
from carprice.market.market_file import Market

MIN_LISTINGS = 10
"""Versions with fewer are left out, so that no figure is that of a single listing."""
YEAR_QUANTILES = {"year_first": 0.02, "year_early": 0.25, "year_middle": 0.5, "year_late": 0.75, "year_last": 0.98}
DISTANCE = 10_000
"""The distance that a loss is given for."""
OUTLIER_SPREADS = 4.0
PRIOR_LISTINGS = 20.0
"""The weight, in listings, of the losses of all cars in those of a model."""
MAD_TO_SPREAD = 1.4826
MIN_DISTANCE_PER_YEAR, MIN_SPREAD = 100.0, 0.02

VERSION = ("make", "model", "transmission", "fuel", "engine_size")
NOTE = """\
# Figures per version of a car, measured from {rows:,} listings of {year} ({title}); these are not listings.
# Versions with fewer than {minimum} listings are left out. Prices are {currency} for a new, undriven car;
# distances are {unit}. Measured by: ./carprice market figures LISTINGS --market {name}
"""

Floats = npt.NDArray[np.float64]


def measure_figures(listings: pl.DataFrame, market: Market) -> pl.DataFrame:
    """One row of figures per version (make, model, transmission, fuel, engine size) of clean listings.

    share: of all listings. price: of a new one. loss_per_year, loss_per_10000: the part of the
    price that goes with each. spread: standard deviation of the log price around that. year_first to
    year_last: quantiles of the year. distance_per_year: median. distance_spread: of its logarithm.
    Raises MarketError for a market without one of the features, ListingsError for too few listings.
    """
    for name in (*VERSION, "year", "mileage"):
        if not market.feature(name):
            raise MarketError(
                f"market {market.name}: has no feature {name!r}, which the figures need",
                "Add it to the market file: docs/markets.md",
            )
    newest = float(listings.select(pl.max("year")).item())
    cars = listings.with_columns(
        age=newest - pl.col("year"), miles=pl.col("mileage") / DISTANCE, level=pl.col("price").log()
    ).drop_nulls(["age", "miles"])
    cars = cars.filter(pl.len().over(VERSION) >= MIN_LISTINGS)
    if cars.is_empty():
        raise ListingsError(
            f"no version of a car has {MIN_LISTINGS} listings", "Measure a larger file of listings."
        )
    figures = pl.concat(_measure_prices(cars)).group_by(VERSION).agg(**_summaries(cars.height))
    return figures.sort(VERSION, nulls_last=True)


def write_figures(figures: pl.DataFrame, listings: pl.DataFrame, market: Market) -> str:
    """The figures as CSV text under a comment that says what they are and what they were measured from."""
    note = NOTE.format(
        rows=listings.height,
        year=int(listings.select(pl.max("year")).item()),
        title=market.title,
        minimum=MIN_LISTINGS,
        currency=market.currency,
        unit=market.distance_unit,
        name=market.name,
    )
    return note + figures.write_csv()


def read_figures(path: Path) -> pl.DataFrame:
    """The figures of a file that write_figures wrote. Raises ListingsError where it is missing or damaged."""
    try:
        return pl.read_csv(path, comment_prefix="#", schema_overrides={"engine_size": pl.String})
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ListingsError(f"{path}: the demo market's figures cannot be read ({error})") from None


def _measure_prices(cars: pl.DataFrame) -> Iterator[pl.DataFrame]:
    pooled = _fit_losses(_within(cars, VERSION), np.zeros(2), 0.0)
    for _, model in cars.group_by("make", "model", maintain_order=True):
        losses = _fit_losses(_within(model, VERSION), pooled, PRIOR_LISTINGS)
        losses = np.maximum(losses, 0.0)
        level = pl.col("level") + losses[0] * pl.col("age") + losses[1] * pl.col("miles")
        yield model.with_columns(
            new_level=level,
            loss_per_year=pl.lit(-np.expm1(-losses[0])),
            loss_per_10000=-np.expm1(-losses[1]),
        )


def _within(cars: pl.DataFrame, groups: tuple[str, ...]) -> Floats:
    """Level, age and miles (rows, 3), each less its mean in the group."""
    centred = [pl.col(name) - pl.col(name).mean().over(groups) for name in ("level", "age", "miles")]
    return cars.select(centred).to_numpy()


def _fit_losses(centred: Floats, prior: Floats, weight: float) -> Floats:
    """Losses of log price per year and 10,000 miles (2,): ridge regression towards prior, without outliers."""
    kept = np.ones(len(centred), bool)
    losses = prior
    for _ in range(3):
        level, facts = centred[kept, 0], -centred[kept, 1:]
        penalty = weight * np.eye(2)
        losses = np.linalg.lstsq(facts.T @ facts + penalty, facts.T @ level + penalty @ prior)[0]
        rest = centred[:, 0] + centred[:, 1:] @ losses
        kept = np.abs(rest) <= OUTLIER_SPREADS * MAD_TO_SPREAD * np.median(np.abs(rest)) + 1e-9
    return losses


def _summaries(rows: int) -> dict[str, pl.Expr]:
    level, pace = pl.col("new_level"), _distance_per_year()
    return {
        "share": (pl.len() / rows).round(6),
        "price": _round_tens(level.median().exp()),
        "loss_per_year": pl.first("loss_per_year").round(4),
        "loss_per_10000": pl.first("loss_per_10000").round(4),
        "spread": _spread(level).clip(MIN_SPREAD).round(4),
        **{
            name: pl.col("year").quantile(share, "nearest").cast(pl.Int64)
            for name, share in YEAR_QUANTILES.items()
        },
        "distance_per_year": _round_tens(pace.median().clip(MIN_DISTANCE_PER_YEAR)),
        "distance_spread": _spread(pace.log()).clip(0.1, 1.5).round(2),
    }


def _spread(values: pl.Expr) -> pl.Expr:
    return (values - values.median()).abs().median() * MAD_TO_SPREAD


def _distance_per_year() -> pl.Expr:
    # A car of the newest year was on the road for part of it.
    return pl.col("mileage").clip(1) / (pl.col("age")).clip(0.3)


def _round_tens(values: pl.Expr) -> pl.Expr:
    return (values / 10).round().cast(pl.Int64) * 10
