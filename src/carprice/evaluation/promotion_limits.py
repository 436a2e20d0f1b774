"""Whether a comparison is within the limits of a promotion: how much worse than the champion a model may be."""

from collections.abc import Iterator, Mapping
from typing import Any

from carprice.evaluation.comparison import Comparison
from carprice.evaluation.notes import KIND_NAMES
from carprice.settings import Settings

MIN_LIMITED_ROWS = 50
"""Listings of a segment below which its error is mostly chance, and no limit holds for it."""


def find_reasons(comparison: Comparison, settings: Settings) -> list[str]:
    """Why the challenger should not take the champion's place: one sentence for each limit that it breaks.

    Terms of MLflow's MetricThreshold: an absolute change is of the median error as a share, a relative one a share
    of the champion's; both limits hold. Where there is an interval, an error counts as larger only where all of it
    lies above 0.
    """
    overall = comparison["overall"]
    reasons = list(
        _judge_error("Overall", overall, settings.promote_absolute_change, settings.promote_relative_change)
    )
    reasons += _judge_coverage(overall, settings.promote_coverage_change)
    reasons += _judge_shift(overall, settings.promote_price_shift)
    for kind, parts in comparison["segments"].items():
        for part in parts:
            if part["rows"] >= MIN_LIMITED_ROWS:
                name = f"{KIND_NAMES[kind].capitalize()} {part['name']}"
                limits = (settings.promote_segment_absolute_change, settings.promote_segment_relative_change)
                reasons += _judge_error(name, part, *limits)
    return reasons


def _judge_error(name: str, part: Mapping[str, Any], absolute: float, relative: float) -> Iterator[str]:
    new, old = part["challenger"]["median_ape"], part["champion"]["median_ape"]
    change = part["median_ape_change"]
    if change["low"] is not None and change["low"] <= 0:
        return
    if new > old + absolute or new > old * (1 + relative):
        yield (
            f"{name}: the median error is {new:.1%} against {old:.1%} on {part['rows']:,} listings; it may rise "
            f"by {100 * absolute:g} points and by {relative:.0%} of itself"
        )


def _judge_coverage(part: Mapping[str, Any], limit: float) -> Iterator[str]:
    new, old = part["challenger"]["coverage"], part["champion"]["coverage"]
    if new < old - limit:
        yield (
            f"Overall: the range holds {new:.1%} against {old:.1%} of {part['rows']:,} listings; it may hold "
            f"{100 * limit:g} points less"
        )


def _judge_shift(part: Mapping[str, Any], limit: float) -> Iterator[str]:
    shift = part["price_shift"]
    if shift is not None and not 1 / (1 + limit) <= shift <= 1 + limit:
        yield f"Overall: prices move by {shift - 1:+.1%} in the median; they may by {limit:.0%}"
