"""Which combinations of missing fields have trees of their own (model/forest/reduced_trees.py)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from carprice.frames.encoding import Floats
from carprice.training.columns import Columns, Rows
from carprice.training.forest.masking import hide
from carprice.training.forest.recipes import FEW_ROWS

MAX_SINGLES = 3
"""Fields whose absence alone has trees: those that cost most."""
MIN_COST, MIN_COST_OF_FEW = 1.1, 1.3
"""How many times the error of whole listings a field's absence has to cost, of many listings and of few, which the
forest knows by heart, since it has learnt from them."""
MAX_SHARE = 0.1
"""Of the listings that lack the fields: where more do, the forest has learnt from these, which are other cars than
those whose caller leaves them out."""
MIN_ROWS = 3_000
"""Of which trees are grown: of fewer they learn chance."""
MAX_COST_ROWS = 2_000
MIN_LOOSE_ROWS = 500
"""Of which trees for listings without a year are grown: the forest prices those as the listings that have none."""


@dataclass(frozen=True)
class Lacking:
    """Optional fields that are missing together, by index, while all others are there.

    is_loose: whatever else is missing, in place of the forest.
    """

    fields: list[int]
    others: list[int]
    is_loose: bool = False

    def find(self, matrix: Floats) -> np.ndarray:
        """Which rows could be like that: all of the others are there."""
        return np.asarray(~np.isnan(matrix[:, self.others]).any(axis=1))

    def measure_share(self, matrix: Floats) -> float:
        """The share of the rows that lack these fields."""
        return float(np.isnan(matrix[:, self.fields]).all(axis=1).mean())


def list_lacking(rows: Rows, columns: Columns, score: Callable[[Floats], Floats]) -> list[Lacking]:
    """All optional fields together, the MAX_SINGLES that cost most by themselves, and an optional year.

    score: the forest's log prices of a matrix.
    """
    share = np.asarray(np.isnan(rows.matrix).mean(axis=0))
    fields = [index for index in columns.optional if share[index] < 1]
    found = [Lacking(fields, [])]
    if len(fields) > 1:
        costs = _measure_costs(rows, fields, score)
        least = MIN_COST if len(rows) >= FEW_ROWS else MIN_COST_OF_FEW
        dear = [index for index in fields if costs[index] >= least and share[index] < MAX_SHARE]
        dear.sort(key=lambda index: -costs[index])
        found += [Lacking([index], [each for each in fields if each != index]) for index in dear[:MAX_SINGLES]]
    kept = [
        each
        for each in found
        if each.fields and each.measure_share(rows.matrix) < MAX_SHARE and each.find(rows.matrix).sum() >= MIN_ROWS
    ]
    year = columns.year
    if year is None or year not in fields or len(rows) < MIN_LOOSE_ROWS:
        return kept
    # Listings of a file without a year are mostly its new cars, and no copy that the forest learns from lacks it.
    return [*(each for each in kept if each.fields != [year]), Lacking([year], [], is_loose=True)]


def _measure_costs(rows: Rows, fields: Sequence[int], score: Callable[[Floats], Floats]) -> dict[int, float]:
    """Of each field how many times the error of whole listings its absence costs."""
    some = rows.take(np.arange(0, len(rows), max(1, len(rows) // MAX_COST_ROWS)))

    def measure(matrix: Floats) -> float:
        return float(np.abs(some.target - score(matrix)).mean())

    whole = measure(some.matrix.copy()) or 1.0
    return {index: measure(hide(some.matrix, index)) / whole for index in fields}
