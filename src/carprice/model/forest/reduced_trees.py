"""Trees of their own for listings that lack certain fields: reduced-feature models.

A forest of all listings is poor at combinations that cost much, since it has few leaves to spare for each; see
Saar-Tsechansky and Provost, "Handling Missing Values when Applying Classification Models", JMLR 2007. What counts
here is the mean of the forest and of a combination's own trees, which have OWN_WEIGHT.
"""

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from carprice.model.forest.lightgbm_capi import Trees

MAX_REDUCED = 8
"""Of a bundle: each is as large as a part of the forest, and is kept in memory."""

OWN_WEIGHT = 0.7
"""Against that of the forest, the rest of 1: docs/LOG.md has what others give in five markets."""


class ReducedTrees:
    """The trees for each combination of missing fields; of all fields named in any, just those are missing."""

    def __init__(self, reduced: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
        """reduced: as model.pkl has it. Raises BundleError where trees are damaged."""
        self.watched = watched = sorted({names.index(name) for each in reduced for name in each["fields"]})
        self._values = itemgetter(*watched, *watched[:1])  # of two or more, so that it gives a tuple
        self._trees = {
            tuple(index in map(names.index, each["fields"]) for index in watched): Trees(each["trees"])
            for each in reduced
        }

    def __iter__(self) -> Iterator[Trees]:
        return iter(self._trees.values())

    def find(self, row: Sequence[float]) -> Trees | None:
        """The trees of a row's combination; none for most, and for a row that lacks nothing."""
        total = sum(self._values(row))
        if total == total:  # no NaN among them
            return None
        return self._trees.get(tuple(row[index] != row[index] for index in self.watched))

    def place(self, columns: Sequence[Sequence[float]]) -> list[tuple[Trees, list[int]]]:
        """Of rows given as columns those that have trees of their own, by these trees."""
        found: dict[Trees, list[int]] = {}
        for number, values in enumerate(zip(*(columns[index] for index in self.watched), strict=True)):
            trees = self._trees.get(tuple(value != value for value in values))
            if trees:
                found.setdefault(trees, []).append(number)
        return list(found.items())

    def choose(self, missing: Any) -> list[tuple[Trees, Any]]:
        """The same of a matrix of what is missing of the watched columns: masks that choose the rows."""
        masks = ((trees, (missing == combination).all(axis=1)) for combination, trees in self._trees.items())
        return [(trees, mask) for trees, mask in masks if mask.any()]


def weigh(of_all: Any, own: Any) -> Any:
    """The mean of a score of the forest and of a combination's own trees: numbers, or arrays of them."""
    return of_all + (own - of_all) * OWN_WEIGHT
