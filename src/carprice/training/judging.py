"""How good a model is: every figure of one that never saw the listings that judge it."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from carprice.errors import TrainingError
from carprice.evaluation.error_slices import measure_slices
from carprice.evaluation.importance import measure_importance
from carprice.evaluation.report import build_report
from carprice.frames.pricing import price_frame
from carprice.listings.cleaning import CAR, DAY
from carprice.listings.stored import spread_rows
from carprice.model.price_range import COVERAGE
from carprice.training.ageing import forecast_ageing, measure_ageing
from carprice.training.baselines import measure_baselines
from carprice.training.fit import Fitted, score_by
from carprice.training.forest.booster import Grow
from carprice.training.forest.recipes import SMALL
from carprice.training.split import Split

MAX_WORSE = 1.1
"""How many times the judged model's median error the served one may have on the same listings, which it has seen.
"""

AGEING_RECIPE = replace(SMALL, name="ageing", copies=0, reduced=0)
"""Of the models of earlier days, which price whole listings alone."""
MAX_JUDGING_ROWS = 500_000
"""That baselines and the models of earlier days learn from."""
CHANCE = 2.0
"""Over the root of the listings, and 1 more: the bound for few of them, whose median is mostly chance."""


def judge_model(judged: Fitted, split: Split, seed: int, grow: Grow) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The test part as the judged model prices it, and every figure of that model."""
    pricer = judged.pricer("judged")
    test = price_frame(split.test, pricer)
    training = spread_rows(split.training, MAX_JUDGING_ROWS)
    ageing = _measure_ageing(judged, training, split.cut, test, seed, grow)
    return test, {
        "metrics": measure_slices(test, judged.market),
        "ageing": ageing,
        "baselines": measure_baselines(training, split.test, judged.market, judged.scaler),
        "coverage": {"target": COVERAGE, "measured": _measure_coverage(test)},
        "importance": measure_importance(test, pricer),
        "report": build_report(split.test, pricer, ageing),
    }


def prove_served(served: Fitted, part: pl.DataFrame, test: pl.DataFrame) -> dict[str, float]:
    """The median errors of the served and of the judged model on the test part.

    The served one has learnt from it, so it should do better. Raises TrainingError where it does worse by more
    than a bound: then it is not the model that was judged.
    """
    again = price_frame(part, served.pricer("served"))
    errors = {
        name: float(np.median(np.abs(frame["predicted"].to_numpy() / frame["price"].to_numpy() - 1)))
        for name, frame in (("judged", test), ("served", again))
    }
    if errors["served"] > max(MAX_WORSE, 1 + CHANCE / part.height**0.5) * errors["judged"]:
        raise TrainingError(
            f"The model of all listings has a median error of {errors['served']:.1%} on listings that it has "
            f"seen, where the judged one has {errors['judged']:.1%}",
            "That is a bug of this software; report it with the market file.",
        )
    return errors


def _measure_ageing(
    judged: Fitted, training: pl.DataFrame, cut: float | None, test: pl.DataFrame, seed: int, grow: Grow
) -> list[dict[str, Any]] | None:
    """What the error will be in days to come; None where listings have no day."""
    if cut is None:
        return None
    dated = training.filter(pl.col(DAY).is_not_null())
    log_price = np.log(dated["price"].to_numpy())
    ageing = measure_ageing(
        dated[DAY].to_numpy(),
        dated[CAR].to_numpy(),
        log_price,
        score_by(dated, judged.market, AGEING_RECIPE, grow),
        seed,
    )
    error = float(np.median(np.abs(test["predicted"].to_numpy() / test["price"].to_numpy() - 1)))
    return forecast_ageing(ageing, judged.index, error, float(test[DAY].mean() or 0) - cut)  # type: ignore[arg-type]


def _measure_coverage(test: pl.DataFrame) -> float:
    """The share of prices that their range holds, of those for which a share is promised."""
    claimed = test.filter(pl.col("coverage").is_not_null())
    part = claimed if claimed.height else test
    return float(part.select(pl.col("price").is_between("low", "high").mean()).item())
