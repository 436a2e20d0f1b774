"""Trees of their own for listings that lack certain fields: reduced-feature models.

A forest of all listings is poor at combinations that cost much, since it has few leaves to spare for each; see
Saar-Tsechansky and Provost, "Handling Missing Values when Applying Classification Models", JMLR 2007. What counts
here is the mean of the forest and of a combination's own trees, which have OWN_WEIGHT. Loose ones are for every
listing that lacks their fields, whatever else it lacks, where no combination is just that. They count alone, for
what the forest knows of such listings is of other cars.
"""

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from carprice.model.forest.lightgbm_capi import Trees

MAX_REDUCED = 8
"""Of a bundle: each is as large as a part of the forest, and is kept in memory."""

OWN_WEIGHT = 0.7
"""Against that of the forest, the rest of 1: docs/LOG.md has what others give in five markets."""


class Own(NamedTuple):
    """Trees of a combination, and their weight against the forest."""

    trees: Trees
    weight: float

    def weigh(self, of_all: Any, own: Any) -> Any:
        """The mean of a score of the forest and of these trees: numbers, or arrays of them."""
        return of_all + (own - of_all) * self.weight


class ReducedTrees:
    """The trees for each combination of missing fields; of all fields named in any, just those are missing."""

    def __init__(self, reduced: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
        """reduced: as model.pkl has it. Raises BundleError where trees are damaged."""
        self.watched = watched = sorted({names.index(name) for each in reduced for name in each["fields"]})
        self._values = itemgetter(*watched, *watched[:1])  # of two or more, so that it gives a tuple
        self._exact: dict[tuple[bool, ...], Own] = {}
        self._loose: list[tuple[list[int], Own]] = []
        for each in reduced:
            indexes, trees = [names.index(name) for name in each["fields"]], Trees(each["trees"])
            if each.get("loose"):
                self._loose.append(([watched.index(index) for index in indexes], Own(trees, 1.0)))
            else:
                self._exact[tuple(index in indexes for index in watched)] = Own(trees, OWN_WEIGHT)

    def __iter__(self) -> Iterator[Trees]:
        return (own.trees for own in (*self._exact.values(), *(own for _, own in self._loose)))

    def find(self, row: Sequence[float]) -> Own | None:
        """The trees of a row's combination; none for most, and for a row that lacks nothing."""
        total = sum(self._values(row))
        if total == total:  # no NaN among them
            return None
        return self._find(tuple(row[index] != row[index] for index in self.watched))

    def place(self, columns: Sequence[Sequence[float]]) -> list[tuple[Own, list[int]]]:
        """Of rows given as columns those that have trees of their own, by these trees."""
        found: dict[Own, list[int]] = {}
        for number, values in enumerate(zip(*(columns[index] for index in self.watched), strict=True)):
            own = self._find(tuple(value != value for value in values))
            if own:
                found.setdefault(own, []).append(number)
        return list(found.items())

    def choose(self, missing: Any) -> list[tuple[Own, Any]]:
        """The same of a matrix of what is missing of the watched columns: masks that choose the rows."""
        masks = [
            *((own, (missing == combination).all(axis=1)) for combination, own in self._exact.items()),
            *((own, missing[:, places].all(axis=1)) for places, own in self._loose),
        ]
        found, is_free = [], missing.any(axis=1)
        for own, mask in masks:
            if (chosen := mask & is_free).any():
                found.append((own, chosen))
            is_free = is_free & ~mask
        return found

    def _find(self, missing: tuple[bool, ...]) -> Own | None:
        loose = (own for places, own in self._loose if all(missing[place] for place in places))
        return self._exact.get(missing) or next(loose, None)
