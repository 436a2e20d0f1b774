"""The fit: from a clean frame to the parts of a bundle, by one way that is gone twice, to be judged and to serve."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from carprice.errors import TrainingError
from carprice.frames.encoding import Encoders, Floats, Scaler, encode_frame, fit_encoders
from carprice.market.market_file import Market, dump_market
from carprice.model.bundle import Bundle
from carprice.model.pricer import Pricer
from carprice.training.columns import Columns, Rows, describe_columns
from carprice.training.forest import SMALL, Forest, Job, Recipe, Widening, describe_params, grow_forests
from carprice.training.held_out import HeldOut, jobs_of, make_folds, price_held_out, price_others
from carprice.training.model_selection import FEW_ROWS, Say, choose_recipe
from carprice.training.price_index import PriceIndex, deflate, fit_index, measure_sizes
from carprice.training.split import DAY, fold_of
from carprice.training.uncertainty import Range, calibrate_range

FOLDS = 10
LARGE_FOLDS, SMALL_FOLDS = 2, 5
"""Large markets spend two tenths on the range, small ones all, in fifths."""
INDEX_RECIPE = replace(SMALL, name="index", fits=1, copies=0)
INDEX_FOLDS = 3
UNKNOWN_BELOW = 10.0
"""Distance below which a car of MIN_UNKNOWN_AGE years has no known one: zeros and ones are typed for unknown."""
MIN_UNKNOWN_AGE = 2


@dataclass(frozen=True)
class Learnt:
    """What was learnt from one frame.

    recipe_errors: of choose_recipe, empty where the recipe was given. index: where the listings have days. rows: what
    the forest learnt from, prices at the level of the last day. widening: the columns that the trees see.
    """

    market: Market
    encoders: Encoders
    scaler: Scaler
    model: dict[str, Any]
    recipe: Recipe
    recipe_errors: dict[str, float]
    index: PriceIndex | None
    rows: Rows
    widening: Widening

    def pricer(self, version: str = "") -> Pricer:
        """A pricer of these parts, without golden listings."""
        manifest = {"version": version, "market": dump_market(self.market), "golden": []}
        return Pricer(Bundle(manifest, self.encoders, self.scaler, self.model))

    @property
    def params(self) -> dict[str, Any]:
        """What describes the trees, as the manifest has it."""
        loss = {"loss_exponent": self.recipe.exponent, "loss_width": self.recipe.width}
        recipe = {
            "recipe": self.recipe.name,
            "fits": self.recipe.fits,
            "trees": self.recipe.fits * self.recipe.trees,
        }
        more = {name: getattr(self.recipe, name) for name in ("copies", "penalty", "level", "slope", "is_wide")}
        errors = {f"cv_error_{name.replace(' ', '_')}": round(e, 5) for name, e in self.recipe_errors.items()}
        return {**recipe, **loss, **more, **errors, **describe_params(self.recipe)}


def learn(
    frame: pl.DataFrame, market: Market, seed: int, recipe: Recipe | None = None, say: Say = lambda _: None
) -> Learnt:
    """Learn from every listing of a clean frame; without a recipe, choose it. Raises TrainingError for one price."""
    check_prices(frame)
    zero = describe_unknown_zero(frame, market)
    frame = forget_zeros(frame, zero)
    encoders, scaler = fit_encoders(frame, market)
    columns = describe_columns(market)
    rows = Rows(encode_frame(frame, market, encoders, scaler), np.log(frame["price"].to_numpy()))
    rows = Rows(forget_keys(rows.matrix, columns), rows.target)
    fold = fold_of(frame, FOLDS).to_numpy()
    day = read_days(frame)
    index = None if day is None else measure_index(rows, day, columns, fold, seed)
    rows = Rows(rows.matrix, deflate(rows.target, day, index))
    errors: dict[str, float] = {}
    if recipe is None:
        recipe, errors = choose_recipe(rows, fold, columns, seed)
        say(
            f"Chose recipe {recipe.name}: {', '.join(f'{name} {error:.4f}' for name, error in errors.items())} ..."
        )
    forest, held_out, costs = _grow(rows, columns, recipe, fold, seed)
    price_range = calibrate_range(held_out, rows.matrix, columns, seed)
    model = assemble_model(columns, forest, price_range, costs)
    model |= {"unknown_zero": zero, "as_of": None if index is None else index.as_of}
    return Learnt(market, encoders, scaler, model, recipe, errors, index, rows, forest.widening)


def assemble_model(
    columns: Columns, forest: Forest, price_range: Range, costs: dict[str, float]
) -> dict[str, Any]:
    """model.pkl of format 2, without a day and with every mileage taken as it is."""
    widening = forest.widening
    return {
        "transform": "log",
        "columns": list(columns.names),
        "depreciation": forest.lines.describe(columns),
        "years": None,
        "wide": {columns.names[index]: known.tolist() for index, known in widening.values.items()},
        "flags": [columns.names[index] for index in widening.flagged],
        "trees": forest.text(),
        "spread": price_range.spread,
        "range": price_range.describe(),
        "costs": costs,
        "level": 0.0,
        "as_of": None,
        "unknown_zero": None,
    }


def read_days(frame: pl.DataFrame) -> Floats | None:
    """The day of each listing, NaN where it has none; None where no listing has one."""
    if DAY not in frame.columns or not frame[DAY].count():
        return None
    return frame[DAY].fill_null(np.nan).to_numpy()


def measure_index(rows: Rows, day: Floats, columns: Columns, fold: np.ndarray, seed: int) -> PriceIndex:
    """The price index of listings with a day, by forests that learnt from other cars."""
    dated = ~np.isnan(day)
    priced = price_others(rows, columns, INDEX_RECIPE, fold % INDEX_FOLDS, seed)[dated]
    residual = rows.target[dated] - priced
    return fit_index(day[dated], residual, measure_sizes(priced, residual))


def check_prices(frame: pl.DataFrame) -> None:
    """Raises TrainingError where every listing has the same price."""
    if frame["price"].n_unique() == 1:
        raise TrainingError(
            f"Every listing costs {frame['price'][0]:g}: there is nothing to learn",
            "Check the price column of the market file: ./carprice market check LISTINGS",
        )


def describe_unknown_zero(frame: pl.DataFrame, market: Market) -> dict[str, Any] | None:
    """Which mileage is none, as model.pkl has it; None where the market has no mileage or no year."""
    if market.mileage is None or market.year is None:
        return None
    newest = frame[market.year.name].max()
    if newest is None:
        return None
    return {
        "field": market.mileage.name,
        "below": UNKNOWN_BELOW,
        "year": market.year.name,
        "newest": float(newest) - MIN_UNKNOWN_AGE,  # type: ignore[arg-type]
    }


def forget_zeros(frame: pl.DataFrame, zero: dict[str, Any] | None) -> pl.DataFrame:
    """The frame with every mileage that is none as missing. zero: of describe_unknown_zero."""
    if zero is None:
        return frame
    mileage = pl.col(zero["field"])
    is_none = (mileage < zero["below"]) & (pl.col(zero["year"]) <= zero["newest"])
    return frame.with_columns(pl.when(is_none.fill_null(False)).then(None).otherwise(mileage).alias(zero["field"]))


def forget_keys(matrix: Floats, columns: Columns) -> Floats:
    """The matrix with the model as missing where the make is: as a price has it."""
    if columns.make is not None and columns.model is not None:
        matrix[np.isnan(matrix[:, columns.make]), columns.model] = np.nan
    return matrix


def _grow(
    rows: Rows, columns: Columns, recipe: Recipe, fold: np.ndarray, seed: int
) -> tuple[Forest, HeldOut, dict[str, float]]:
    """The forest of all rows; and the listings that forests of the same recipe priced without having seen them."""
    count = LARGE_FOLDS if len(fold) >= FEW_ROWS else SMALL_FOLDS
    part = fold if len(fold) >= FEW_ROWS else fold % SMALL_FOLDS
    folds = make_folds(rows, columns, part, range(count), seed)
    if not folds:
        raise TrainingError(
            f"{len(fold)} listings are too few different ones to measure a range by",
            "Train on more listings; ./carprice market check LISTINGS shows why rows were dropped.",
        )
    jobs = [Job(rows, recipe, seed), *jobs_of(folds, rows, recipe, seed)]
    forest, *crossed = grow_forests(jobs, columns)
    return forest, *price_held_out(rows, columns, folds, crossed, seed)
