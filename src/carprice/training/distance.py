"""How far cars of a market go in a year."""

import polars as pl

from carprice.listings.cleaning import DAY
from carprice.market.kinds import EPOCH
from carprice.market.market_file import Market

MIN_ROWS = 20
"""With fewer cars that have year and distance nothing is said."""
DIGITS = 1
_DAYS_PER_YEAR = 365.25


def measure_distance(frame: pl.DataFrame, market: Market) -> float | None:
    """The median distance per year of age of the cars of a year and older, in the market's unit; None for too few.

    frame: clean listings. The age is counted to the listing's day, else to the newest year of all.
    """
    if market.year is None or market.mileage is None:
        return None
    year, mileage = pl.col(market.year.name), pl.col(market.mileage.name)
    seen = year.max()
    if DAY in frame.columns:
        seen = pl.coalesce(EPOCH.year + (pl.col(DAY) / _DAYS_PER_YEAR).floor(), seen)
    aged = frame.select((seen - year).alias("age"), mileage.alias("distance")).drop_nulls()
    aged = aged.filter((pl.col("age") >= 1) & (pl.col("distance") > 0))
    if aged.height < MIN_ROWS:
        return None
    return round(float(aged.select((pl.col("distance") / pl.col("age")).median()).item()), DIGITS)
