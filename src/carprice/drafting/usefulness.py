"""What leaving a field out costs: how much worse prices are that a quick forest learns without it."""

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import polars as pl

from carprice.market.market_file import Market

MAX_ROWS = 8_000
MIN_ROWS = 400
TEST_SHARE = 0.3
SEED = 1
ROUNDS = 40
PARAMS = {
    "objective": "l1",
    "learning_rate": 0.2,
    "num_leaves": 31,
    "min_data_in_leaf": 10,
    "max_cat_to_onehot": 1,
    "num_threads": 1,
    "verbosity": -1,
    "seed": SEED,
    "deterministic": True,
}

Floats = npt.NDArray[np.float64]


def measure_costs(frame: pl.DataFrame, market: Market) -> tuple[float, dict[str, float]]:
    """The median error of prices, and by feature how much that is more where it is left out; both as shares.

    frame: clean listings, of which at most 8,000 are used; with fewer than 400 there are no figures.
    """
    if frame.height < MIN_ROWS:
        return 0.0, {}
    sample = frame.sample(min(frame.height, MAX_ROWS), seed=SEED, shuffle=True)
    matrix = np.column_stack([_encode(sample[feature.name]) for feature in market.features])
    target = np.log(sample["price"].to_numpy())
    categories = [index for index, feature in enumerate(market.features) if feature.is_category]
    chosen = list(range(len(market.features)))
    whole = _measure(matrix, target, chosen, categories)
    costs = {
        feature.name: _measure(matrix, target, [*chosen[:index], *chosen[index + 1 :]], categories) - whole
        for index, feature in enumerate(market.features)
    }
    return whole, costs


def measure_residuals(frame: pl.DataFrame, market: Market) -> tuple[npt.NDArray[np.int64], Floats]:
    """Rows of the frame, at most 24,000, and what a forest that did not see each leaves of its log price.

    No rows where there are fewer than 400.
    """
    if frame.height < MIN_ROWS:
        return np.empty(0, np.int64), np.empty(0)
    rows = np.random.default_rng(SEED).permutation(frame.height)[: 3 * MAX_ROWS]
    sample = frame[rows]
    matrix = np.column_stack([_encode(sample[feature.name]) for feature in market.features])
    target = np.log(sample["price"].to_numpy())
    categories = [index for index, feature in enumerate(market.features) if feature.is_category]
    half = np.arange(len(rows)) % 2 == 0
    residuals = np.empty(len(rows))
    for learnt in (half, ~half):
        data = lgb.Dataset(matrix[learnt], target[learnt], categorical_feature=categories)
        residuals[~learnt] = target[~learnt] - np.asarray(
            lgb.train(PARAMS, data, 2 * ROUNDS).predict(matrix[~learnt])
        )
    return rows, residuals - np.median(residuals)


def _measure(matrix: Floats, target: Floats, columns: list[int], categories: list[int]) -> float:
    """The median error by these columns of the last listings, learnt from the others."""
    if not columns:
        return float(np.median(np.abs(np.expm1(np.median(target) - target))))
    places = [place for place, column in enumerate(columns) if column in categories]
    cut = int(len(target) * (1 - TEST_SHARE))
    data = lgb.Dataset(matrix[:cut][:, columns], target[:cut], categorical_feature=places, free_raw_data=False)
    forest = lgb.train(PARAMS, data, ROUNDS)
    predicted = np.asarray(forest.predict(matrix[cut:][:, columns]))
    return float(np.median(np.abs(np.expm1(predicted - target[cut:]))))


def _encode(values: pl.Series) -> Floats:
    """Numbers as they are, NaN where missing; texts as codes, the most frequent first."""
    if values.dtype != pl.String:
        return values.cast(pl.Float64).fill_null(np.nan).to_numpy()
    order = values.drop_nulls().value_counts(sort=True).to_series().to_list()
    codes = {text: float(code) for code, text in enumerate(order)}
    return values.replace_strict(codes, default=None, return_dtype=pl.Float64).fill_null(np.nan).to_numpy()
