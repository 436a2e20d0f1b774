"""The fit: encoders, a recipe, a number of trees, a calibrated range, and the trees that serve."""

from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import polars as pl

from carprice.errors import TrainingError
from carprice.market.market import Market
from carprice.training.calibration import calibrate_range
from carprice.training.choice import FOLDS, Say, choose_recipe
from carprice.training.matrix import Encoders, Floats, Scaler, encode_frame, fit_encoders, list_categories
from carprice.training.split import Split, fold_of
from carprice.training.trees import Columns, Recipe, Rows, describe_params, grow_trees, score_rows


@dataclass(frozen=True)
class Fitted:
    """What the training part taught."""

    market: Market
    encoders: Encoders
    scaler: Scaler
    booster: lgb.Booster
    calibration: dict[str, Any]
    params: dict[str, Any]

    def score(self, part: pl.DataFrame) -> Floats:
        """The log price of each row of a clean frame."""
        return score_rows(self.booster, encode_frame(part, self.market, self.encoders, self.scaler))


def fit_split(split: Split, market: Market, seed: int, say: Say) -> Fitted:
    """Learn from the training part alone.

    A trial learns from the fit part, stops when the calibration part gets no better, and is calibrated on
    it; then as many trees learn from both parts. They have seen more than the trial, so the range that held
    for the trial is, if anything, wide for them; its measured coverage is of the test part. Raises
    TrainingError where there is nothing to learn.
    """
    _check_prices(split.training)
    encoders, scaler = fit_encoders(split.training, market)
    columns = Columns([feature.name for feature in market.features], list_categories(market))

    def load_rows(part: pl.DataFrame) -> Rows:
        return Rows(encode_frame(part, market, encoders, scaler), np.log(part["price"].to_numpy()))

    training, held_out = load_rows(split.training), load_rows(split.calibration)
    recipe, errors = choose_recipe(training, fold_of(split.training, FOLDS).to_numpy(), columns, seed)
    say(f"Chose recipe {recipe.name}: {_describe_errors(errors)} ...")
    trial = grow_trees(recipe, load_rows(split.fit), held_out, columns, seed)
    count = trial.best_iteration or trial.num_trees()
    calibration = calibrate_range(held_out.target - score_rows(trial, held_out.matrix))
    booster = grow_trees(recipe, training, None, columns, seed, count)
    params = {**_describe_recipe(recipe, errors), **describe_params(recipe, seed), "trees": booster.num_trees()}
    return Fitted(market, encoders, scaler, booster, calibration, params)


def _check_prices(training: pl.DataFrame) -> None:
    if training["price"].n_unique() == 1:
        raise TrainingError(
            f"Every listing costs {training['price'][0]:g}: there is nothing to learn",
            "Check the price column of the market file: ./carprice market check LISTINGS",
        )


def _describe_recipe(recipe: Recipe, errors: dict[str, float]) -> dict[str, Any]:
    loss = {"loss_exponent": recipe.exponent, "loss_width": recipe.width}
    return {
        "recipe": recipe.name,
        **loss,
        **{f"cv_error_{name}": round(error, 5) for name, error in errors.items()},
    }


def _describe_errors(errors: dict[str, float]) -> str:
    return ", ".join(f"{name} {error:.4f}" for name, error in errors.items())
