"""A comparison for a terminal: which listings, the verdict in words, and the tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from carprice.evaluation.comparison import ALIKE, Comparison
from carprice.evaluation.notes import KIND_NAMES
from carprice.evaluation.unlearnt import BY_DAY, TEST_PART
from carprice.system.tables import format_table

HEAD = ("", "LISTINGS", "CHALLENGER", "CHAMPION", "CHANGE IN POINTS", "MAE", "PRICE SHIFT")
SPARE = tuple(HEAD.index(name) for name in ("MAE", "PRICE SHIFT", "LISTINGS"))
NOT_KNOWN = "-"


def format_comparison(comparison: Comparison, reasons: Sequence[str], room: int | None = None) -> str:
    """Verdict first, then what it stands on. reasons: of find_reasons. room: of a line, in characters."""
    blocks = ["\n".join([describe_comparison(comparison), *describe_verdict(comparison, reasons)])]
    if notes := comparison["listings"]["notes"]:
        blocks.append("\n".join(f"Note: {note}" for note in notes))
    blocks.append(_format_parts("Median error", [comparison["overall"]], room))
    segments = comparison["segments"].items()
    blocks += [_format_parts(f"By {KIND_NAMES[kind]}", parts, room) for kind, parts in segments]
    return "\n\n".join(blocks)


def describe_comparison(comparison: Comparison) -> str:
    """Which models, by which listings, in one sentence."""
    listings = comparison["listings"]
    which = "that neither has learnt from"
    if listings["chosen_by"] == TEST_PART:
        which = "of the test part that both trainings had"
    elif listings["chosen_by"] == BY_DAY:
        which = f"later than {listings['after']}, which neither has learnt from"
    aside = f"; {listings['left_aside']:,} left aside" if listings["left_aside"] else ""
    return (
        f"{comparison['challenger']} against the champion {comparison['champion']}: {listings['rows']:,} listings "
        f"of {listings['source']} {which}{aside}"
    )


def describe_verdict(comparison: Comparison, reasons: Sequence[str]) -> list[str]:
    """What the figures come to in words, and each limit that is broken."""
    overall = comparison["overall"]
    new, old = overall["challenger"]["median_ape"], overall["champion"]["median_ape"]
    what = "There is no clear difference" if comparison["result"] == ALIKE else f"It is {comparison['result']}"
    moved = "" if overall["price_shift"] is None else f", prices {overall['price_shift'] - 1:+.1%} in the median"
    verdict = f"{what}: median error {new:.1%} against {old:.1%}{_show_interval(overall)}{moved}."
    limits = (
        "It is within the limits of a promotion." if not reasons else "It is beyond the limits of a promotion:"
    )
    return [verdict, limits, *(f"  {reason}" for reason in reasons)]


def _show_interval(part: Mapping[str, Any]) -> str:
    change = part["median_ape_change"]
    return "" if change["low"] is None else f", {100 * change['low']:+.2f} to {100 * change['high']:+.2f} points"


def _format_parts(title: str, parts: Sequence[Mapping[str, Any]], room: int | None) -> str:
    rows = [HEAD, *(_format_row(part) for part in parts)]
    return f"{title}\n{format_table(rows, range(1, len(HEAD)), spare=SPARE, room=room)}"


def _format_row(part: Mapping[str, Any]) -> tuple[str, ...]:
    change, money = part["median_ape_change"], part["mae_change"]
    span = "" if change["low"] is None else f" ({100 * change['low']:+.2f} to {100 * change['high']:+.2f})"
    shift = part["price_shift"]
    return (
        part["name"],
        f"{part['rows']:,}",
        f"{part['challenger']['median_ape']:.1%}",
        f"{part['champion']['median_ape']:.1%}",
        f"{100 * change['value']:+.2f}{span}",
        f"{money['value']:+,.0f}",
        NOT_KNOWN if shift is None else f"{shift - 1:+.1%}",
    )
