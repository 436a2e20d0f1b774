"""Fit straight lines of log price along year and mileage: of all cars, of each make, of each make and model."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from carprice.frames.encoding import Floats
from carprice.frames.scoring import unique_codes
from carprice.model.forest.depreciation import ANY
from carprice.training.columns import Columns, Rows
from carprice.training.forest.recipes import Recipe

STRENGTH = 20.0
"""Listings' worth of trust in the wider group's line."""
ODD_SHARE = 0.005
"""Of the listings at either end of their years, which hardly say how new or old such cars are."""

Lines = dict[tuple[float, ...], tuple[int, Floats, float]]
"""By key, of as many codes as there are: listings, slopes, level at the center."""


def fit_depreciation(rows: Rows, columns: Columns, recipe: Recipe) -> dict[str, Any]:
    """The lines, as model.pkl has them.

    Each group's line is a ridge towards that of the wider group, as strong as STRENGTH listings: the empirical
    Bayes shrinkage of hierarchical linear models. Slopes against the sign of the column are cut to 0, and the line
    takes recipe.slope and recipe.level of what it found, for trees find the rest.
    """
    numbers = rows.matrix[:, columns.numbers]
    known = ~np.isnan(numbers)
    center = np.where(known, numbers, 0).sum(0) / np.maximum(known.sum(0), 1)
    centered = np.nan_to_num(numbers - center)
    lines = _fit_lines(rows, columns.keys, centered)
    shares, starts = _choose_shares(numbers, columns, recipe)
    center = np.where(np.isnan(starts), center, starts)
    signs = np.array([columns.signs[index] for index in columns.numbers], dtype=float)
    depth = len(columns.keys)
    return {
        "keys": [columns.names[index] for index in columns.keys],
        "numbers": [columns.names[index] for index in columns.numbers],
        "center": center.tolist(),
        "starts": [None if start != start else start for start in starts.tolist()],
        "lines": [
            [
                *[int(code) for code in key],
                *[ANY] * (depth - len(key)),
                count,
                recipe.level * level + (1 - recipe.level) * lines[()][2],
                *(shares * _cut_slopes(slopes, signs)).tolist(),
            ]
            for key, (count, slopes, level) in lines.items()
        ],
    }


def _choose_shares(numbers: Floats, columns: Columns, recipe: Recipe) -> tuple[Floats, Floats]:
    """Of each number the share of its slopes that counts, and where its line starts, NaN for everywhere.

    Where lines have no slope, that of the year counts for cars newer than those learnt from: trees price such a
    car as the newest they know.
    """
    shares, starts = np.full(len(columns.numbers), recipe.slope), np.full(len(columns.numbers), np.nan)
    for place, index in enumerate(columns.numbers):
        known = numbers[:, place][~np.isnan(numbers[:, place])]
        if index == columns.year and not recipe.slope and len(known):
            shares[place], starts[place] = 1.0, np.quantile(known, 1 - ODD_SHARE, method="nearest")
    return shares, starts


def _fit_lines(rows: Rows, keys: list[int], centered: Floats) -> Lines:
    spread = centered.var(0) + 1e-12
    zero = np.zeros(centered.shape[1])
    slopes, level = _fit_line(centered, rows.target, zero, float(rows.target.mean()), spread, 0.0)
    lines: Lines = {(): (len(rows), slopes, level)}
    for depth in range(1, len(keys) + 1):
        for key, chosen in group_rows(rows.matrix[:, keys[:depth]]):
            _, slopes, level = lines[key[:-1]]
            fitted = _fit_line(centered[chosen], rows.target[chosen], slopes, level, spread, STRENGTH)
            lines[key] = (len(chosen), *fitted)
    return lines


def _fit_line(
    x: Floats, y: Floats, slopes: Floats, level: float, spread: Floats, strength: float
) -> tuple[Floats, float]:
    inner = x - x.mean(0)
    rest = y - y.mean() - inner @ slopes
    if len(spread) and (strength or len(x) > len(spread)):
        ridge = (strength + 1e-9) * np.diag(spread)
        slopes = slopes + np.linalg.solve(inner.T @ inner + ridge, inner.T @ rest)
    there = level + float(x.mean(0) @ slopes)  # what the wider line says of the mean listing here
    weight = len(y) / (len(y) + strength)
    return slopes, level + weight * (float(y.mean()) - there)


def _cut_slopes(slopes: Floats, signs: Floats) -> Floats:
    return np.where(signs == 0, slopes, signs * np.maximum(signs * slopes, 0))


def group_rows(keys: Floats) -> Iterator[tuple[tuple[float, ...], np.ndarray]]:
    """Every combination of codes in the columns of a matrix, without NaN among them, and its rows."""
    unique, place = unique_codes(np.nan_to_num(keys, nan=ANY))
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(len(unique) + 1))
    for number, key in enumerate(unique.tolist()):
        if ANY not in key:
            yield tuple(key), order[starts[number] : starts[number + 1]]
