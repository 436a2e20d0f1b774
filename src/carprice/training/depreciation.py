"""Straight lines of log price along year and mileage, by make and model, shrunk towards the wider group's.

A forest learns what the lines leave, so that it spends no split on what a line says, and a make and model of few
listings still has a price of its own. The shrinkage is that of a random effect whose variance is that of the
residuals over STRENGTH: Henderson, "Best linear unbiased estimation and prediction under a selection model"
(Biometrics, 1975), here with one strength for all markets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carprice.frames.encoding import Floats
from carprice.model.depreciation import ANY
from carprice.training.columns import Columns, Rows

STRENGTH = 20.0
"""Listings' worth of trust in the wider group."""

Key = tuple[int, ...]


@dataclass(frozen=True)
class Line:
    """rows: learnt from. level: log price at the center. slopes: (numbers,), of log price."""

    rows: int
    level: float
    slopes: Floats


@dataclass(frozen=True)
class Lines:
    """The lines by the codes of make and model, ANY where the line is for all of them; the one of all is there.

    keys, numbers: indexes of columns. center: (numbers,). signs: (numbers,), of Columns.
    """

    keys: tuple[int, ...]
    numbers: tuple[int, ...]
    center: Floats
    table: Mapping[Key, Line]

    def settle(self, matrix: Floats) -> Floats:
        """The matrix with keys that a price does not count as missing: after an unknown one, or never seen together."""
        settled = matrix.copy()
        unique, place = _group_keys(matrix, self.keys)
        settled[:, list(self.keys)] = np.array([self._settle_key(key) for key in unique], dtype=float)[place]
        return settled

    def apply(self, matrix: Floats) -> Floats:
        """The log price of each row by its line; a missing number counts as the center."""
        unique, place = _group_keys(matrix, self.keys)
        lines = [self._find(key) for key in unique]
        value: Floats = np.array([line.level for line in lines])[place]
        slopes = np.array([line.slopes for line in lines]).reshape(len(lines), -1)
        for number, index in enumerate(self.numbers):
            value = value + slopes[place, number] * np.nan_to_num(matrix[:, index] - self.center[number])
        return value

    def describe(self, columns: Columns) -> dict[str, Any]:
        """As model.pkl has it."""
        return {
            "keys": [columns.names[index] for index in self.keys],
            "numbers": [columns.names[index] for index in self.numbers],
            "center": self.center.tolist(),
            "lines": [[*key, line.rows, line.level, *line.slopes.tolist()] for key, line in self.table.items()],
        }

    def _find(self, key: Key) -> Line:
        return next(self.table[wider] for wider in _widen_key(key) if wider in self.table)

    def _settle_key(self, key: Key) -> list[float]:
        if ANY in key:
            known = key.index(ANY)
            key = key[:known] + (ANY,) * (len(key) - known)
        kept = key if key in self.table else (ANY,) * len(key)
        return [np.nan if code == ANY else code for code in kept]


def fit_lines(rows: Rows, columns: Columns, level_share: float, slope_share: float) -> Lines:
    """The lines of these rows.

    level_share, slope_share: of the shrunk level and slopes that a line takes; the rest is left to the forest. A slope
    against the sign of its column is taken as 0.
    """
    numbers = rows.matrix[:, columns.axes]
    center = np.array([_mean_known(column) for column in numbers.T])
    centered = np.nan_to_num(numbers - center)
    shrunk = _fit_all(rows, columns, centered)
    signs = np.array([columns.signs[index] for index in columns.axes])
    table = {
        key: Line(line.rows, level_share * line.level, slope_share * clip_slopes(line.slopes, signs))
        for key, line in shrunk.items()
    }
    return Lines(tuple(columns.keys), tuple(columns.axes), center, table)


def clip_slopes(slopes: Floats, signs: np.ndarray) -> Floats:
    """The slopes, 0 where they go against a sign."""
    return np.where(signs == 0, slopes, signs * np.maximum(signs * slopes, 0))


def _fit_all(rows: Rows, columns: Columns, centered: Floats) -> dict[Key, Line]:
    """The shrunk lines, of all first, then by make, then by make and model."""
    count = centered.shape[1]
    flat = Line(0, float(rows.target.mean()), np.zeros(count))
    top = (ANY,) * len(columns.keys)
    table = {top: _fit_line(centered, rows.target, flat, np.ones(count), 0.0)}
    spread = centered.var(0) + 1e-12
    for depth in range(1, len(columns.keys) + 1):
        unique, place = _group_keys(rows.matrix, columns.keys[:depth])
        order = np.argsort(place, kind="stable")
        ends = np.searchsorted(place[order], np.arange(len(unique) + 1))
        for number, key in enumerate(unique):
            if ANY in key:
                continue
            chosen = order[ends[number] : ends[number + 1]]
            full = key + top[depth:]
            wider = table.get(key[:-1] + top[depth - 1 :], table[top])
            table[full] = _fit_line(centered[chosen], rows.target[chosen], wider, spread, STRENGTH)
    return table


def _fit_line(x: Floats, y: Floats, wider: Line, spread: Floats, strength: float) -> Line:
    inner = x - x.mean(0)
    slopes = wider.slopes
    if strength or len(x) > len(spread):
        rest = y - y.mean() - inner @ slopes
        penalty = (strength + 1e-9) * np.diag(spread)
        slopes = slopes + np.linalg.solve(inner.T @ inner + penalty, inner.T @ rest)
    expected = wider.level + x.mean(0) @ slopes
    weight = len(y) / (len(y) + strength)
    return Line(len(y), float(wider.level + weight * (y.mean() - expected)), slopes)


def _mean_known(column: Floats) -> float:
    known = column[~np.isnan(column)]
    return float(known.mean()) if len(known) else 0.0


def _group_keys(matrix: Floats, keys: tuple[int, ...] | list[int]) -> tuple[list[Key], NDArray[np.intp]]:
    """The different codes of the key columns, ANY for a missing one, and which of them each row has."""
    codes = np.zeros(len(matrix), dtype=np.int64)
    sizes = []
    for index in keys:
        column = np.nan_to_num(matrix[:, index], nan=ANY).astype(np.int64) - ANY
        sizes.append(int(column.max()) + 1)
        codes = codes * sizes[-1] + column
    unique, place = np.unique(codes, return_inverse=True)
    parts = []
    for size in reversed(sizes):
        parts.append(unique % size + ANY)
        unique = unique // size
    found = list(zip(*(part.tolist() for part in reversed(parts)), strict=True)) if keys else [()]
    return found, place.reshape(-1)


def _widen_key(key: Key) -> list[Key]:
    return [key[:depth] + (ANY,) * (len(key) - depth) for depth in range(len(key), -1, -1)]
