"""The fit: encoders, the recipe, the price forest and its range, on one set of listings."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from carprice.errors import TrainingError
from carprice.frames.encoding import Encoders, Floats, Scaler, encode_frame, fit_encoders
from carprice.frames.scoring import score_matrix
from carprice.listings.cleaning import DAY
from carprice.listings.stored import StoredFrame, Table
from carprice.market.market_file import Market, dump_market
from carprice.model.bundle.contents import Bundle
from carprice.model.encoding import UnknownZero
from carprice.model.forest.price_forest import PriceForest
from carprice.model.pricer import Pricer
from carprice.system.freed_memory import release_memory
from carprice.training.ageing import Fit
from carprice.training.columns import Columns, Rows, describe_columns
from carprice.training.forest.booster import Grow, Job, grow_here
from carprice.training.forest.growing import grow_forest, grow_forests
from carprice.training.forest.masking import forget_unseen
from carprice.training.forest.recipes import FEW_ROWS, Recipe
from carprice.training.held_out import HeldOut, hold_out
from carprice.training.model_selection import Say, choose_recipe
from carprice.training.on_engine.fit_outputs import read_choice, read_held, write_choice, write_held
from carprice.training.on_engine.work import TrainingWork
from carprice.training.price_index import PriceIndex, fit_index, measure_sizes
from carprice.training.split import fold_of
from carprice.training.uncertainty import fit_range
from carprice.training.usual_cars import describe_usual
from carprice.training.words import learn_words

NEAR_ZERO = 10.0
"""A mileage below it, of a car that is not of the newest YOUNG_YEARS years, is no mileage."""
YOUNG_YEARS = 2
FEW_FOLDS = 5
LARGE_FOLDS = 2
"""Small markets hold out every listing, a fifth at a time; large ones two tenths, which are enough."""


@dataclass(frozen=True)
class Fitted:
    """What was learnt from a set of listings. model: as model.pkl has it. held: how many its range is of."""

    market: Market
    encoders: Encoders
    scaler: Scaler
    model: dict[str, Any]
    recipe: Recipe
    errors: dict[str, float]
    held: int
    index: PriceIndex | None

    def pricer(self, version: str) -> Pricer:
        """The pricer of what was learnt, before there is a bundle."""
        manifest = {"version": version, "market": dump_market(self.market), "golden": []}
        return Pricer(Bundle(manifest, self.encoders, self.scaler, self.model))


def fit_listings(
    frame: Table,
    market: Market,
    seed: int,
    say: Say,
    recipe: Recipe | None = None,
    work: TrainingWork | None = None,
) -> Fitted:
    """Learn from a clean frame alone; the matrix of a stored one waits beside it while others are learnt from.

    recipe: None where the listings should choose it. work: with what it is done; None for what keeps nothing.
    The range comes from listings that the forests of their folds never saw; so does the price index where listings
    have a day, and the forest that serves then learns prices brought to the last day's level. Raises TrainingError
    where there is nothing to learn.
    """
    _check_prices(frame)
    work = work or TrainingWork()
    grow, part = work.grow, {"seed": seed, "recipe": asdict(recipe) if recipe else None}
    encoders, scaler = fit_encoders(frame, market)
    _start_at_zero(scaler, market)
    columns, zero, fold = describe_columns(market), describe_zero(frame, market), fold_of(frame)
    usual, day = describe_usual(frame, market, encoders), _read_days(frame)  # before there is a matrix, for room
    matrix = encode_frame(frame, market, encoders, scaler, UnknownZero.read(zero, columns.names))
    rows = Rows(_forget_orphans(matrix, columns), np.log(frame["price"].to_numpy()))
    for name, words in learn_words(frame, market, rows, columns, scaler, fold, seed, grow).items():
        scaler[name] = words.amounts
        rows.matrix[:, columns.names.index(name)] = words.crossed
    del matrix
    rows = rows.store(frame.folder) if isinstance(frame, StoredFrame) else rows
    errors: dict[str, float] = {}
    if recipe is None:
        recipe, errors = _choose(rows, columns, scaler, fold, work, part)
        say(_describe_choice(recipe, errors))
    held = _hold_out(rows, columns, scaler, recipe, fold, work, part)
    rows, held, index = _bring_to_last_day(rows, held, day)
    forest = grow_forest(rows, columns, scaler, recipe, seed, grow)
    del rows
    facts = {"transform": "log", "columns": columns.names, "level": 0.0, "as_of": _last(day), "unknown_zero": zero}
    model = {**facts, **forest, **fit_range(held, columns, forest["flags"], seed, grow), **usual}
    release_memory()
    return Fitted(market, encoders, scaler, model, recipe, errors, len(np.unique(held.listing)), index)


def _choose(
    rows: Rows, columns: Columns, scaler: Scaler, fold: np.ndarray, work: TrainingWork, part: dict[str, Any]
) -> tuple[Recipe, dict[str, float]]:
    """part: the seed, and which listings these are, as their outputs are named."""
    choose = partial(choose_recipe, rows, columns, scaler, fold, part["seed"], work.grow)
    return work.once(choose_recipe, choose, write_choice, read_choice, **part)


def _describe_choice(recipe: Recipe, errors: dict[str, float]) -> str:
    return f"Chose recipe {recipe.name}: {', '.join(f'{name} {error:.4f}' for name, error in errors.items())} ..."


def _hold_out(
    rows: Rows,
    columns: Columns,
    scaler: Scaler,
    recipe: Recipe,
    fold: np.ndarray,
    work: TrainingWork,
    part: dict[str, Any],
) -> HeldOut:
    """part: as in _choose."""
    folds = range(LARGE_FOLDS)
    if len(rows) < FEW_ROWS:
        fold, folds = fold % FEW_FOLDS, range(FEW_FOLDS)
    hold = partial(hold_out, rows, columns, scaler, recipe, fold, folds, part["seed"], work.grow)
    return work.once(hold_out, hold, write_held, partial(read_held, names=columns.names), **part)


def score_by(frame: Table, market: Market, recipe: Recipe, grow: Grow = grow_here) -> Fit:
    """A function that learns from rows of a frame and prices others, as measure_ageing wants it.

    Texts are left out: their words would be learnt from all rows.
    """
    encoders, scaler = fit_encoders(frame, market)
    columns = describe_columns(market)
    zero = UnknownZero.read(describe_zero(frame, market), columns.names)
    rows = Rows(encode_frame(frame, market, encoders, scaler, zero), np.log(frame["price"].to_numpy()))

    def fit(learnt: Sequence[np.ndarray], judge: np.ndarray, seed: int) -> list[Floats]:
        jobs = [Job(rows.take(learn), recipe, seed, fits=1) for learn in learnt]
        scores = []
        for job, parts in zip(jobs, grow_forests(jobs, columns, scaler, grow), strict=True):
            seen = forget_unseen(rows.matrix[judge], job.rows.matrix, columns)
            scores.append(score_matrix(seen, PriceForest(parts, columns.names, scaler))[0])
        return scores

    return fit


def describe_zero(frame: Table, market: Market) -> dict[str, Any] | None:
    """Which mileages are none, as model.pkl has it."""
    if market.mileage is None or market.year is None:
        return None
    newest = frame[market.year.name].max()
    if newest is None:
        return None
    year = float(newest) - YOUNG_YEARS  # type: ignore[arg-type]
    return {"field": market.mileage.name, "below": NEAR_ZERO, "year": market.year.name, "newest": year}


def _start_at_zero(scaler: Scaler, market: Market) -> None:
    """A new car may have gone 0 where others have gone 1: that is not outside of what was seen."""
    if market.mileage is not None and scaler[market.mileage.name]["min"] < NEAR_ZERO:
        scaler[market.mileage.name]["min"] = min(0.0, scaler[market.mileage.name]["min"])


def _bring_to_last_day(
    rows: Rows, held: HeldOut, day: np.ndarray | None
) -> tuple[Rows, HeldOut, PriceIndex | None]:
    """Prices, and errors, as they would be at the level of the last day; day: None where listings have none."""
    if day is None:
        return rows, held, None
    known = held.is_whole & ~np.isnan(day[held.listing])
    if not known.any():
        return rows, held, None
    sizes = measure_sizes(held.score[known], held.error[known])
    index = fit_index(day[held.listing][known], held.error[known], sizes)
    if index is None:
        return rows, held, None
    moved = index.since(day)
    return (
        replace(rows, target=rows.target + moved),
        replace(held, target=held.target + moved[held.listing]),
        index,
    )


def _forget_orphans(matrix: Floats, columns: Columns) -> Floats:
    """The matrix without models whose make is missing: a price does not count them either."""
    for make, model in pairwise(columns.keys):
        matrix[np.isnan(matrix[:, make]), model] = np.nan
    return matrix


def _read_days(frame: Table) -> np.ndarray | None:
    return frame[DAY].to_numpy() if DAY in frame.columns else None


def _last(day: np.ndarray | None) -> int | None:
    return None if day is None or np.isnan(day).all() else int(np.nanmax(day))


def _check_prices(frame: Table) -> None:
    if frame["price"].n_unique() == 1:
        raise TrainingError(
            f"Every listing costs {frame['price'][0]:g}: there is nothing to learn",
            "Check the price column of the market file: ./carprice market check LISTINGS",
        )
