"""The figures of the judged model, and the proof that the model that serves is no worse."""

from typing import Any

import numpy as np
import polars as pl

from carprice.errors import TrainingError
from carprice.frames.pricing import price_frame
from carprice.training.ageing import Ageing, forecast_ageing, measure_ageing
from carprice.training.columns import describe_columns
from carprice.training.fit import INDEX_RECIPE, Learnt
from carprice.training.forest import grow_forest
from carprice.training.metrics import measure_errors
from carprice.training.split import DAY, car_column

WORSE_BOUND = 1.1
"""How much larger the served model's median error on the judged part may be: it has learnt from those listings."""
CHANCE = 2.0
"""Over the root of the listings: the bound where they are few, as the median of 20 errors is mostly chance."""


def prove_served(served: Learnt, test: pl.DataFrame) -> dict[str, float]:
    """The median absolute percentage error of the served model on the judged part, and the bound that it keeps.

    test: of price_frame by the judged model. Raises TrainingError where the served model is beyond the bound.
    """
    judged = _median_error(test)
    actual = price_frame(test.select(_listing_columns(test, served)), served.pricer())
    found = _median_error(actual)
    bound = judged * max(WORSE_BOUND, 1 + CHANCE / test.height**0.5)
    if found > bound:
        raise TrainingError(
            f"The model of all listings misses the judged ones by {found:.1%}, the one that was judged by {judged:.1%}",
            "It has learnt from them, so it should miss by less: this is a bug. Please report it.",
        )
    return {"median_ape": found, "bound": bound}


def measure_coverage(test: pl.DataFrame) -> float:
    """The share of actual prices inside their range, of those for which one is claimed."""
    claimed = test.filter(pl.col("coverage").is_not_null())
    part = claimed if claimed.height else test
    return float(part["price"].is_between(part["low"], part["high"]).mean() or 0.0)  # type: ignore[arg-type]


def describe_ageing(
    served: Learnt, frame: pl.DataFrame, cut: float | None, test: pl.DataFrame, seed: int
) -> list[dict[str, Any]]:
    """The manifest's ageing; empty where the test part is not the newest.

    frame: what the served model learnt from. cut: of the split. test: of price_frame by the judged model.
    """
    if cut is None or served.index is None:
        return []
    columns = describe_columns(served.market)
    dated = frame[DAY].is_not_null().to_numpy()
    known = served.rows.take(dated)

    def price(learnt: np.ndarray, judged: np.ndarray, seed: int) -> np.ndarray:
        forest = grow_forest(known.take(learnt), columns, INDEX_RECIPE, seed)
        return forest.predict(known.matrix[judged])

    day, car = frame[DAY].to_numpy()[dated], frame[car_column(frame)].to_numpy()[dated]
    ageing = measure_ageing(day, car, known.target, price, seed)
    lag = float((test[DAY] - cut).mean())  # type: ignore[arg-type]
    return forecast_ageing(ageing, served.index, _median_error(test), lag)


def _median_error(test: pl.DataFrame) -> float:
    return measure_errors(test["price"].to_numpy(), test["predicted"].to_numpy())["median_ape"]


def _listing_columns(test: pl.DataFrame, served: Learnt) -> list[str]:
    return [*(feature.name for feature in served.market.features), "price"]
