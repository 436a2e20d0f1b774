"""What a report has to say in words, so that nothing is wrong in silence."""

from collections.abc import Iterator, Mapping
from typing import Any

from carprice.evaluation.segments import NOT_PROMISED

MIN_NOTED_ROWS = 100
"""Listings below which a segment's coverage or bias may be chance."""
MIN_COVERAGE = 0.86
PROMISED_SHARE = 0.9
RATIO_BOUNDS = (0.97, 1.03)
MAX_WRONG_STEPS = 0.001

KIND_NAMES = {
    "make": "make",
    "age": "age",
    "price": "price",
    "fuel": "fuel",
    "month": "month",
    "days": "days since",
    "confidence": "confidence",
    "promise": "range",
}
"""How the kinds of segments are called in a sentence or a heading."""


def write_notes(report: Mapping[str, Any]) -> list[str]:
    """A sentence for each segment whose range does not hold or whose prices lean, and for prices without sense.

    Segments and patterns with fewer than MIN_NOTED_ROWS listings are left out.
    """
    return [*_note_coverage(report), *_note_bias(report), *_note_left_out(report), *_note_sense(report)]


def _note_coverage(report: Mapping[str, Any]) -> Iterator[str]:
    named = [("All listings", report["overall"])]
    named += [
        (f"{KIND_NAMES[kind].capitalize()} {item['name']}", item)
        for kind, item in _list_segments(report)
        if item["name"] != NOT_PROMISED
    ]
    for name, figures in named:
        if figures and figures["rows"] >= MIN_NOTED_ROWS and figures["coverage"] < MIN_COVERAGE:
            yield (
                f"{name}: the range holds {figures['coverage']:.1%} of {figures['rows']:,} listings, "
                f"not {PROMISED_SHARE:.0%}."
            )


def _note_bias(report: Mapping[str, Any]) -> Iterator[str]:
    named = [("All listings", report["overall"])]
    named += [(f"Make {item['name']}", item) for kind, item in _list_segments(report) if kind == "make"]
    for name, figures in named:
        if not figures or figures["rows"] < MIN_NOTED_ROWS:
            continue
        low, high = RATIO_BOUNDS
        if figures["low_ratio"] > high or figures["high_ratio"] < low:
            way = "high" if figures["low_ratio"] > high else "low"
            yield (
                f"{name}: prices are {abs(figures['median_ratio'] - 1):.1%} too {way} in the median of "
                f"{figures['rows']:,} listings."
            )


def _note_left_out(report: Mapping[str, Any]) -> Iterator[str]:
    for item in report["left_out"]:
        if item["fields"] and item["rows"] >= MIN_NOTED_ROWS and item["coverage"] < MIN_COVERAGE:
            yield f"Left out {item['name']}: the range holds {item['coverage']:.1%}, not {PROMISED_SHARE:.0%}."


def _note_sense(report: Mapping[str, Any]) -> Iterator[str]:
    words = {"mileage": "more distance makes the price rise", "year": "a newer year makes the price fall"}
    for role, item in report["sense"].items():
        if item["asked"] and item["wrong"] > MAX_WRONG_STEPS:
            yield (
                f"All else equal, {words[role]} in {item['wrong']:.1%} of {item['steps']:,} steps, "
                f"by {item['largest']:.1%} at most."
            )


def _list_segments(report: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((kind, item) for kind, items in report["segments"].items() for item in items)
