"""Which words of texts prices follow, and what each adds to the log price, learnt from what the rest leaves."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]
from sklearn.linear_model import Ridge  # type: ignore[import-untyped]

from carprice.frames.encoding import Floats, Scaler
from carprice.frames.scoring import score_matrix
from carprice.listings.cleaning import CAR
from carprice.listings.stored import Table
from carprice.market.market_file import Market
from carprice.market.words import find_keys
from carprice.model.forest.price_forest import PriceForest
from carprice.model.text import MAX_AMOUNT, MAX_TERMS, add_words
from carprice.training.columns import Columns, Rows
from carprice.training.forest.booster import Grow, Job, grow_here
from carprice.training.forest.growing import grow_forests
from carprice.training.forest.masking import forget_unseen
from carprice.training.forest.recipes import SMALL

FOLDS = 5
QUICK = replace(SMALL, name="words", fits=1, copies=0, reduced=0)
"""Of the forests that say what is left of a price."""
MIN_CARS = 5
"""Different ones that a word must be in: no word may name a listing."""
MAX_SHARE = 0.9
PENALTY = 5.0
"""Of the ridge: a word of as many cars counts half of what it seems to add."""
MAX_RESIDUAL = 0.6
"""Of log price; what is farther off pulls no harder."""
NEAR_PRICE, ROUNDING = 0.1, 0.3
"""Of log price, in the median: a number so near the prices of its cars is the price. Rounding adds to that, over
the number."""
MIN_T = 5.0
"""Of what rows' words add up to against what is left of their prices, or nothing is learnt: chance reaches 3."""
FEW_KNOWN = 40
"""Listings with a known word, below which nothing is learnt."""

_NUMBER = re.compile(r"(\d+(?:\.\d+)?)k?")
Keys = Sequence[Sequence[str]]


@dataclass(frozen=True)
class LearntWords:
    """What each word adds to the log price, and what each row's add up to, learnt in other folds, else NaN."""

    amounts: dict[str, float]
    crossed: Floats


def learn_words(
    frame: Table,
    market: Market,
    rows: Rows,
    columns: Columns,
    scaler: Scaler,
    fold: np.ndarray,
    seed: int,
    grow: Grow = grow_here,
) -> dict[str, LearntWords]:
    """The words of each text of a clean frame, by the feature's name.

    rows: of the frame, with nothing in the columns of texts. fold: of each row. Each word is judged by prices that
    the forest of its fold did not learn from, and no row's own price is in what its words add up to.
    """
    names = [feature.name for feature in market.features if feature.has_words]
    if not names:
        return {}
    part = fold % FOLDS
    residual = np.clip(_measure_rest(rows, columns, scaler, part, seed, grow), -MAX_RESIDUAL, MAX_RESIDUAL)
    return {name: _learn_text(frame, name, residual, part) for name in names}


def _measure_rest(rows: Rows, columns: Columns, scaler: Scaler, part: np.ndarray, seed: int, grow: Grow) -> Floats:
    """What a forest of the other parts leaves of each log price."""
    numbers = [number for number in range(FOLDS) if (part == number).any() and (part != number).any()]
    jobs = [Job(rows.take(part != number), QUICK, seed, fits=1) for number in numbers]
    residual = np.zeros(len(rows))
    for number, job, grown in zip(numbers, jobs, grow_forests(jobs, columns, scaler, grow), strict=True):
        out = part == number
        seen = forget_unseen(rows.matrix[out], job.rows.matrix, columns)
        residual[out] = rows.target[out] - score_matrix(seen, PriceForest(grown, columns.names, scaler))[0]
    return residual


def _learn_text(frame: Table, name: str, residual: Floats, part: np.ndarray) -> LearntWords:
    texts = frame[name].to_list()
    keys = [find_keys(text) if text else [] for text in texts]
    cars, log_price = frame[CAR].to_numpy(), np.log(frame["price"].to_numpy())
    crossed = np.full(len(texts), np.nan)
    for number in range(FOLDS):
        learnt = np.flatnonzero(part != number)
        amounts = fit_amounts([keys[row] for row in learnt], residual[learnt], cars[learnt], log_price[learnt])
        for row in np.flatnonzero(part == number):
            crossed[row] = add_words(texts[row], amounts)
    if not _is_gain(residual, crossed):
        return LearntWords({}, np.full(len(texts), np.nan))
    return LearntWords(fit_amounts(keys, residual, cars, log_price), crossed)


def _is_gain(residual: Floats, crossed: Floats) -> bool:
    """Whether words of other folds tell where prices are above or below what the rest says."""
    known = ~np.isnan(crossed)
    if known.sum() < FEW_KNOWN or not np.ptp(crossed[known]):
        return False
    share = float(np.corrcoef(residual[known], crossed[known])[0, 1])
    return bool(share * known.sum() ** 0.5 > MIN_T)


def fit_amounts(keys: Keys, residual: Floats, cars: np.ndarray, log_price: Floats) -> dict[str, float]:
    """What each word or pair adds, of those in MIN_CARS different cars that are not the price."""
    table = {key: place for place, key in enumerate(dict.fromkeys(key for found in keys for key in found))}
    if not table:
        return {}
    matrix = _build_matrix(keys, table)
    chosen = _choose_terms(matrix, list(table), cars, log_price)
    if not len(chosen):
        return {}
    model = Ridge(PENALTY, solver="sparse_cg", tol=1e-6)
    model.fit(matrix[:, chosen], residual)
    every = list(table)
    amounts = np.clip(model.coef_, -MAX_AMOUNT, MAX_AMOUNT)
    return {every[place]: float(amount) for place, amount in zip(chosen, amounts, strict=True)}


def _build_matrix(keys: Keys, table: Mapping[str, int]) -> csr_matrix:
    ends = np.cumsum([0, *map(len, keys)])
    places = np.fromiter((table[key] for found in keys for key in found), np.int64, ends[-1])
    return csr_matrix((np.ones(ends[-1]), places, ends), shape=(len(keys), len(table)))


def _choose_terms(matrix: csr_matrix, terms: list[str], cars: np.ndarray, log_price: Floats) -> np.ndarray:
    """The places of the terms that may be learnt, at most MAX_TERMS, those of most cars."""
    unique, place = np.unique(cars, return_inverse=True)
    rows = np.arange(len(cars))
    by_car = csr_matrix((np.ones(len(cars)), (place.reshape(-1), rows)), shape=(len(unique), len(cars)))
    counts = np.asarray((by_car @ matrix > 0).sum(axis=0)).ravel()
    frequent = np.flatnonzero((counts >= MIN_CARS) & (counts <= MAX_SHARE * len(unique)))
    columns = matrix.tocsc()
    prices = {terms[each] for each in frequent if _is_price(terms[each], log_price[columns[:, each].indices])}
    kept = [each for each in frequent if not prices.intersection({terms[each], *terms[each].split(" ")})]
    return np.array(sorted(kept, key=lambda each: (-counts[each], terms[each]))[:MAX_TERMS], dtype=np.int64)


def _is_price(term: str, log_price: Floats) -> bool:
    """Whether a number, alone or in thousands, is what its cars cost."""
    found = _NUMBER.fullmatch(term)
    if not found or not float(found[1]):
        return False
    number = float(found[1])
    apart = [float(np.median(np.abs(log_price - np.log(number * unit)))) for unit in (1, 1000)]
    return min(apart) < NEAR_PRICE + ROUNDING / number
