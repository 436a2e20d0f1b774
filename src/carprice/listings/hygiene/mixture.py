"""Which explanation of a value is the likeliest: usual, or one of several slips, each with its own density.

The shares of the slips are estimated from the listings themselves (EM: Dempster, Laird and Rubin, 1977), so that a
file without a kind of slip has nothing flagged for it. How far usual values lie is a Student t on either side,
fitted by quantiles that the slips do not reach.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from carprice.listings.hygiene.expectation import Floats, Mask

FIRST_SHARE = 1e-3
LEAST_SHARE = 1e-7
ROUNDS = 25
MAX_USUAL = 0.75
"""The usual has at most this share of the chances where a slip is named: one that is learnt from costs more than a
listing that is not."""
TINY = 1e-300
MAX_ROWS = 500_000
"""Weighed at a time, for room."""

# The 90 % quantile of |t| over its median, by degrees of freedom.
_RATIOS = (2.485, 2.633, 2.773, 2.878, 3.077, 3.576)
_FREEDOMS = (30.0, 8.0, 5.0, 4.0, 3.0, 2.0)
_MEDIANS = (0.6828, 0.7064, 0.7267, 0.7407, 0.7649, 0.8165)
MIN_SIDE_ROWS = 20


@dataclass(frozen=True)
class Side:
    """A half of the density of standardised distances: a Student t of this width and these degrees of freedom."""

    width: float
    freedom: float

    def density(self, distance: Floats) -> Floats:
        """At each distance (rows,), of a density of which this side is half."""
        half = (self.freedom + 1) / 2
        constant = math.exp(math.lgamma(half) - math.lgamma(self.freedom / 2)) / math.sqrt(self.freedom * math.pi)
        found: Floats = constant / self.width * (1 + (distance / self.width) ** 2 / self.freedom) ** -half
        return found


class Usual:
    """The density of usual distances, of residuals (rows,) divided by their spread; NaN is no distance."""

    def __init__(self, distance: Floats) -> None:
        known = distance[np.isfinite(distance)]
        self.below, self.above = _fit_side(-known[known < 0]), _fit_side(known[known >= 0])

    def density(self, distance: Floats) -> Floats:
        """At each distance (rows,)."""
        return np.where(distance < 0, self.below.density(distance), self.above.density(distance))


def _fit_side(sizes: Floats) -> Side:
    if len(sizes) < MIN_SIDE_ROWS:
        return Side(1.5, 3.0)
    middle, high = np.quantile(sizes, [0.5, 0.9])
    freedom = float(np.interp(high / max(middle, 1e-9), _RATIOS, _FREEDOMS))
    return Side(max(middle, 1e-3) / float(np.interp(-freedom, np.negative(_FREEDOMS), _MEDIANS)), freedom)


def explain(
    usual: Floats, slips: Sequence[Floats], fitted: Mask, max_usual: float = MAX_USUAL, others: int = 0
) -> npt.NDArray[np.int64]:
    """Of each row the place of its likeliest slip, or -1 where the usual has more than max_usual of the chances.

    usual (rows,): the density of each row's value if nothing slipped; slips: the same under each slip. fitted
    (rows,): the rows that the shares are estimated from, with so many others that are usual for certain.
    """
    densities = np.maximum(np.column_stack([usual, *slips]), TINY)
    part = densities[fitted]
    shares = np.full(densities.shape[1], FIRST_SHARE)
    for _ in range(ROUNDS):
        shares[0] = 1 - shares[1:].sum()
        found = np.sum([_share_out(part[rows], shares) for rows in _slice_rows(len(part))], axis=0)
        found[0] += others
        shares = np.maximum(found / (len(part) + others), LEAST_SHARE)
    best = [_pick_likeliest(densities[rows] * shares, max_usual) for rows in _slice_rows(len(densities))]
    return np.concatenate(best)


def _share_out(densities: Floats, shares: Floats) -> Floats:
    """How many of the rows each explanation has, each row counted by the chances of all."""
    weighted = densities * shares
    counts: Floats = (weighted / weighted.sum(axis=1, keepdims=True)).sum(axis=0)
    return counts


def _pick_likeliest(weighted: Floats, max_usual: float) -> npt.NDArray[np.int64]:
    is_slip = weighted[:, 0] < max_usual * weighted.sum(axis=1)
    return np.where(is_slip, weighted[:, 1:].argmax(axis=1), -1)


def _slice_rows(rows: int) -> list[slice]:
    """Slices of at most MAX_ROWS; one of nothing where there are none."""
    return [slice(start, start + MAX_ROWS) for start in range(0, max(rows, 1), MAX_ROWS)]
