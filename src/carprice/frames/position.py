"""Where asking prices lie among the prices of such cars, for many listings: model/position.py has it for one."""

import numpy as np
import polars as pl

from carprice.frames.encoding import Floats
from carprice.model.position import DECIMALS, MAX_PERCENT, WORD_LIMITS, WORDS
from carprice.model.price_range import LEVELS
from carprice.model.pricer import Pricer

POSITION = {"percentile": pl.Float64, "word": pl.String, "percent_to_market": pl.Float64}


def place_asking_prices(
    asking: Floats, priced: Floats, scale: Floats, group: np.ndarray, pricer: Pricer
) -> pl.DataFrame:
    """The position of each asking price, as columns of POSITION, all null where it or the scale is NaN.

    asking, priced: currency (rows,). scale, group: of each car's range, NaN where no share is promised.
    """
    level = np.full(len(asking), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(asking > 0, (np.log(asking) - np.log(priced)) / scale, np.nan)
    levels = np.arange(1, LEVELS + 1) / (LEVELS + 1)
    for number, table in enumerate(pricer.range.quantiles):
        rows = (group == number) & ~np.isnan(error)
        level[rows] = np.interp(error[rows], table, levels, left=0, right=1)
    percentile = np.round(100 * level, DECIMALS)
    words = np.array(WORDS)[np.minimum(np.searchsorted(WORD_LIMITS, percentile), len(WORDS) - 1)]
    frame = pl.DataFrame(
        {
            "percentile": percentile,
            "word": words.tolist(),
            "percent_to_market": np.round(np.minimum(100 * (asking / priced), MAX_PERCENT), DECIMALS),
        },
        schema=POSITION,
    )
    is_placed = pl.Series(~np.isnan(percentile))
    return frame.select(pl.when(is_placed).then(pl.col(name)).alias(name) for name in POSITION)
