"""Scores of a whole matrix, equal to those of the price forest to the last bit."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import polars as pl

from carprice.frames.encoding import Floats, join_codes
from carprice.model.forest.depreciation import ANY, Depreciation, Line
from carprice.model.forest.lightgbm_capi import Trees
from carprice.model.forest.price_forest import PriceForest
from carprice.model.forest.year_envelope import YearEnvelope, find_middle

MIN_THREADED_ROWS = 5_000
"""With fewer, threads wait for each other longer than they work: ten times as long on a busy machine."""

ENVELOPE_ROWS = 20_000
"""Asked for all their years at a time: each is up to thirty rows then."""


def score_matrix(matrix: Floats, forest: PriceForest) -> tuple[Floats, np.ndarray, np.ndarray]:
    """Of each row the score, the listings that its line was learnt from, and whether its keys are known together.

    Keys that do not count become missing in the matrix, as Depreciation.find does it in a row.
    """
    lines, place, is_known = find_lines(matrix, forest.depreciation)
    rows = np.array([line.rows for line in lines])[place]
    return _score_rows(matrix, lines, place, forest), rows, is_known


def plain_scores(matrix: Floats, forest: PriceForest) -> Floats:
    """Of each row what line and trees say of its own year alone; the matrix changes as in score_matrix."""
    lines, place, _ = find_lines(matrix, forest.depreciation)
    return _add_trees(matrix, lines, place, forest)


def flag_matrix(matrix: Floats, flags: Sequence[int]) -> list[Floats]:
    """A column for each flagged category, by index: 1 where it is missing, else 0."""
    return [np.isnan(matrix[:, index]).astype(float) for index in flags]


def predict_matrix(trees: Trees, matrix: Floats, *columns: Floats) -> Floats:
    """The raw scores of the rows of a matrix with more columns at its right."""
    if not len(matrix):  # LightGBM takes no matrix without rows
        return np.empty(0)
    rows = np.ascontiguousarray(np.column_stack([matrix, *columns]))
    threads = pl.thread_pool_size() if len(rows) >= MIN_THREADED_ROWS else 1  # one of many processes has few
    return np.frombuffer(trees.predict_rows(rows, threads))


def follow_lines(matrix: Floats, lines: list[Line], place: np.ndarray, table: Depreciation) -> Floats:
    """The log price of each row by its line."""
    trend: Floats = np.array([line.level for line in lines])[place]
    for number, (index, center, floor) in enumerate(table.axes):
        slope = np.array([line.slopes[number] for line in lines])[place]
        trend = np.where(matrix[:, index] > floor, trend + slope * (matrix[:, index] - center), trend)
    return trend


def _score_rows(matrix: Floats, lines: list[Line], place: np.ndarray, forest: PriceForest) -> Floats:
    """Line and trees together of each row, as Pricer has them for one."""
    if forest.years is None:
        return _add_trees(matrix, lines, place, forest)
    parts = [slice(start, start + ENVELOPE_ROWS) for start in range(0, len(matrix), ENVELOPE_ROWS)]
    scores = [_score_envelope(matrix[part], lines, place[part], forest, forest.years) for part in parts]
    return np.concatenate(scores) if scores else np.empty(0)


def _score_envelope(
    matrix: Floats, lines: list[Line], place: np.ndarray, forest: PriceForest, envelope: YearEnvelope
) -> Floats:
    """The same where each row is asked for every year in which such a car was listed."""
    index = envelope.index
    own = matrix[:, index].tolist()
    found = [envelope.find_years(lines[line].key, year) for line, year in zip(place.tolist(), own, strict=True)]
    counts = np.array([len(years.values) for years in found])
    repeated = np.repeat(matrix, counts, axis=0)
    repeated[:, index] = np.concatenate([years.values for years in found])
    scores = _add_trees(repeated, lines, np.repeat(place, counts), forest).tolist()
    starts = np.concatenate([[0], np.cumsum(counts)]).tolist()
    return np.array(
        [
            find_middle(scores[start:end], years)
            for (start, end), years in zip(pairwise(starts), found, strict=True)
        ]
    )


def _add_trees(matrix: Floats, lines: list[Line], place: np.ndarray, forest: PriceForest) -> Floats:
    wide = [find_codes(matrix[:, index], codes) for index, codes in forest.wide]
    added = [*wide, *flag_matrix(matrix, forest.flags)]
    trees = predict_matrix(forest.trees, matrix, *added)
    for own, chosen in (
        forest.reduced.choose(np.isnan(matrix[:, forest.reduced.watched])) if forest.reduced else ()
    ):
        scores = predict_matrix(own.trees, matrix[chosen], *(column[chosen] for column in added))
        trees[chosen] = own.weigh(trees[chosen], scores)
    return follow_lines(matrix, lines, place, forest.depreciation) + trees


def find_codes(column: Floats, codes: dict[float, float]) -> Floats:
    """The code of each value, NaN where it has none. codes: of ascending values, counting from 0."""
    known = np.fromiter(codes, dtype=float)
    place = np.minimum(np.searchsorted(known, column), len(known) - 1)
    return np.where(known[place] == column, place, np.nan)


def find_lines(matrix: Floats, table: Depreciation) -> tuple[list[Line], np.ndarray, np.ndarray]:
    """The lines, which one each row has, and whether its keys are known together; keys that do not count become
    missing in the matrix."""
    if not table.keys:
        return [table.of_all], np.zeros(len(matrix), int), np.ones(len(matrix), bool)
    unique, place = unique_codes(np.nan_to_num(matrix[:, table.keys], nan=ANY))
    lines, knowns, kept = [], [], []
    for key in unique.tolist():
        row = [np.nan] * matrix.shape[1]
        for index, code in zip(table.keys, key, strict=True):
            row[index] = np.nan if code == ANY else code
        line, is_known = table.find(row)
        lines.append(line)
        knowns.append(is_known)
        kept.append([row[index] for index in table.keys])
    matrix[:, table.keys] = np.array(kept, dtype=float).reshape(-1, len(table.keys))[place]
    return lines, place, np.array(knowns, dtype=bool)[place]


def unique_codes(codes: Floats) -> tuple[Floats, np.ndarray]:
    """The different rows of a matrix of codes, ANY or higher, in order, and which of them each row is.

    As np.unique with an axis, which sorts rows as bytes and takes eight times as long.
    """
    _, first, place = np.unique(join_codes(codes), return_index=True, return_inverse=True)
    return codes[first], place.reshape(-1)
