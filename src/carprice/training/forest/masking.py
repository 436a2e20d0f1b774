"""Listings with fields left out, as callers leave them out."""

from collections.abc import Sequence

import numpy as np

from carprice.frames.encoding import Floats
from carprice.training.columns import Columns

SINGLE_SHARE = 0.3
"""Of the copies that lack one field; the others lack from one to all, each number as likely."""
MILEAGE_SHARE, MODEL_SHARE, MAKE_SHARE = 0.03, 0.05, 0.02
"""Of the copies that also lack the mileage, the model, or make and model."""
OPTIONAL_MILEAGE_SHARE = 0.08
"""In place of MILEAGE_SHARE where the mileage is optional. The few listings that lack it are no ordinary ones."""
UNSEEN_SHARE = 0.02
"""Of the copies of leave_out_just that lack a field which callers must give: what it says was never seen."""


def leave_out(matrix: Floats, columns: Columns, random: np.random.Generator) -> Floats:
    """A copy of a matrix with fields left out of every row; year and, mostly, make, model and mileage stay.

    A field that no row has is none, so that it moves nothing.
    """
    copy = matrix.copy()
    rows = len(copy)
    is_known = np.asarray(~np.isnan(copy).all(axis=0))
    fields = [index for index in range(copy.shape[1]) if index not in columns.core and is_known[index]]
    if fields:
        single = random.random(rows) < SINGLE_SHARE
        count = np.where(single, 1, random.integers(1, len(fields) + 1, rows))
        rank = random.random((rows, len(fields))).argsort(1).argsort(1)
        for number, index in enumerate(fields):
            copy[rank[:, number] < count, index] = np.nan
    _leave_out_core(copy, columns, random)
    return copy


def leave_out_just(
    matrix: Floats, lacking: Sequence[int], columns: Columns, random: np.random.Generator
) -> Floats:
    """A copy of a matrix without some of the optional fields; of the others few are left out, as of any copy."""
    copy = matrix.copy()
    copy[:, lacking] = np.nan
    for index in range(copy.shape[1]):
        if index not in columns.core and index not in columns.optional:
            copy[random.random(len(copy)) < UNSEEN_SHARE, index] = np.nan
    _leave_out_core(copy, columns, random)
    return copy


def _leave_out_core(copy: Floats, columns: Columns, random: np.random.Generator) -> None:
    draw = random.random(len(copy))
    mileage_share = OPTIONAL_MILEAGE_SHARE if columns.may_lack_mileage else MILEAGE_SHARE
    edges = np.cumsum([0, mileage_share, MODEL_SHARE, MAKE_SHARE])
    if columns.mileage is not None:
        copy[draw < edges[1], columns.mileage] = np.nan
    if columns.model is not None:
        copy[(draw >= edges[1]) & (draw < edges[3]), columns.model] = np.nan
    for index in columns.keys:
        copy[(draw >= edges[2]) & (draw < edges[3]), index] = np.nan


def hide(matrix: Floats, index: int) -> Floats:
    """A copy of a matrix without the values of one column."""
    copy = matrix.copy()
    copy[:, index] = np.nan
    return copy


def forget_unseen(matrix: Floats, learnt: Floats, columns: Columns) -> Floats:
    """A copy of rows as a forest of other rows is given them at serving: codes that it never saw are missing."""
    copy = matrix.copy()
    for index in columns.categories:
        copy[~np.isin(copy[:, index], np.unique(learnt[:, index])), index] = np.nan
    return copy
