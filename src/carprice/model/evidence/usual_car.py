"""The usual car of a make and model, and what makes another one's price differ from its."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from carprice.market.kinds import Value

Key = tuple[Value, ...]
Score = Callable[[Sequence[Sequence[Value]]], Sequence[float]]
"""From the values of listings to their log prices."""


class UsualCars:
    """The usual values by make and model, as model.pkl has them. keys: the indexes of make and model."""

    def __init__(self, table: Sequence[Sequence[Value]], keys: Sequence[int]) -> None:
        self._keys = tuple(keys)
        self._values: Mapping[Key, list[Value]] = {tuple(row[index] for index in keys): list(row) for row in table}

    def find(self, values: Sequence[Value]) -> list[Value] | None:
        """The usual values of a car's make and model, None where too few of them were learnt from."""
        key = tuple(values[index] for index in self._keys)
        return self._values.get(key) if self._keys else None


def share_difference(score: Score, usual: Sequence[Value], own: Sequence[Value]) -> list[float]:
    """What each field adds to the log price from the usual car to this one; 0 where both are equal, exact in sum.

    Fields change from usual to own one after the other, and each counts what its change adds: Shapley's value
    (Shapley, "A value for n-person games", 1953), taken over the rotations of the order of the fields and of its
    reverse in place of all orders, so that n fields need n * n cars to be priced and not 2 ** n.
    """
    differing = [index for index, (one, other) in enumerate(zip(usual, own, strict=True)) if one != other]
    orders = [ring[start:] + ring[:start] for ring in (differing, differing[::-1]) for start in range(len(ring))]
    changed: set[frozenset[int]] = {
        frozenset(order[:count]) for order in orders for count in range(len(order) + 1)
    } | {frozenset()}
    cars = sorted(changed, key=sorted)
    rows = [[own[index] if index in car else value for index, value in enumerate(usual)] for car in cars]
    scores = dict(zip(cars, score(rows), strict=True))
    parts = [0.0] * len(own)
    for order in orders:
        for place, index in enumerate(order):
            before, after = frozenset(order[:place]), frozenset(order[: place + 1])
            parts[index] += (scores[after] - scores[before]) / len(orders)
    return parts


def check_usual(table: Any, columns: int) -> bool:
    """Whether every row has a value for each column."""
    return all(len(row) == columns for row in table)
