"""Invented listings as training works on them, and forests that grow in no time."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.bundles import RECIPE, SEED, add_keys, invent_uk_listings
from tests.quick_training import FASTER, give

from carprice.frames.encoding import Encoders, Floats, Scaler, encode_frame, fit_encoders
from carprice.frames.scoring import score_matrix
from carprice.market.market_file import Market, load_market
from carprice.model.forest.price_forest import PriceForest
from carprice.training import fit
from carprice.training.columns import Columns, Rows, describe_columns
from carprice.training.forest.recipes import Recipe
from carprice.training.held_out import HeldOut, hold_out
from carprice.training.split import fold_of

ROWS = 1500
FOLDS = range(5)
QUICK = replace(RECIPE, trees=40)


@pytest.fixture(scope="session")
def uk(markets_dir: Path) -> Market:
    return load_market("uk", markets_dir)


@dataclass(frozen=True)
class Encoded:
    """A clean frame and the matrix of it."""

    frame: pl.DataFrame
    encoders: Encoders
    scaler: Scaler
    columns: Columns
    rows: Rows

    def code(self, name: str, text: str) -> float:
        """The code of a category's value."""
        return float(self.encoders[name].index(text))


def encode(frame: pl.DataFrame, market: Market) -> Encoded:
    """A frame of invented listings as training sees it."""
    frame = add_keys(frame)
    encoders, scaler = fit_encoders(frame, market)
    rows = Rows(encode_frame(frame, market, encoders, scaler), np.log(frame["price"].to_numpy()))
    return Encoded(frame, encoders, scaler, describe_columns(market), rows)


@pytest.fixture(scope="session")
def cars(uk: Market) -> Encoded:
    """Twelve British models."""
    return encode(invent_uk_listings(uk, ROWS, SEED), uk)


@pytest.fixture(scope="session")
def other_cars(uk: Market, cars: Encoded) -> Rows:
    """Others, drawn apart and encoded by the same encoders."""
    frame = invent_uk_listings(uk, ROWS, SEED + 1)
    matrix = encode_frame(frame, uk, cars.encoders, cars.scaler)
    return Rows(matrix, np.log(frame["price"].to_numpy()))


@pytest.fixture
def grow_quickly(monkeypatch: pytest.MonkeyPatch) -> Callable[[Recipe], None]:
    """Every training takes the quick recipe, or the given one, without choosing."""

    def take(recipe: Recipe = FASTER) -> None:
        monkeypatch.setattr(fit, "choose_recipe", give(recipe))

    take()
    return take


def assert_same_scores(forest: PriceForest, matrix: Floats) -> None:
    """A row, a column and a matrix have the same score to the last bit, and contributions sum to it."""
    together = score_matrix(matrix.copy(), forest)[0].tolist()
    assert forest.score_columns([list(column) for column in matrix.T.tolist()])[0] == together
    for row, expected in zip(matrix.tolist(), together, strict=True):
        line, _ = forest.depreciation.find(row)
        assert forest.score(row, line) == expected
        amounts, base = forest.contributions(row, line)
        assert sum(amounts) + base == pytest.approx(expected)


@pytest.fixture(scope="session")
def held(cars: Encoded) -> HeldOut:
    fold = fold_of(cars.frame) % 5
    return hold_out(cars.rows, cars.columns, cars.scaler, QUICK, fold, FOLDS, SEED)
