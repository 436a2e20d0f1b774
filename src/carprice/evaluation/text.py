"""The report for a terminal: its head, which a training ends with, and all of it."""

from collections.abc import Mapping
from typing import Any

from carprice.evaluation.sections import Section, list_ageing, list_head, list_sections
from carprice.system.tables import format_table

MAX_HEAD_NOTES = 5
SPARE = (
    *("PRB", "PRD", "COD", "WIDTH", "MEDIAN RATIO", "OVER 20%"),
    *("LOW", "HIGH", "RATIO"),
    *("SHARE", "OTHERWISE"),
)
"""Columns that a narrow terminal goes without, the first of them first; a file, --json and --html have all."""


def format_head(report: Mapping[str, Any], room: int | None = None) -> str:
    """The figures to know first: overall, by confidence, ageing, and the first notes. room: of a line."""
    lines = [describe_judging(report), format_section(list_head(report), room, titled=False)]
    if report["ageing"]:
        lines += ["", format_section(list_ageing(report), room)]
    notes = report["notes"]
    lines += [f"Note: {note}" for note in notes[:MAX_HEAD_NOTES]]
    if len(notes) > MAX_HEAD_NOTES:
        lines.append(f"and {len(notes) - MAX_HEAD_NOTES} more notes in the report")
    return "\n".join(lines)


def format_report(report: Mapping[str, Any], room: int | None = None) -> str:
    """Every table of the report, the notes first. room: of a line, in characters."""
    blocks = [describe_judging(report)]
    if report["notes"]:
        blocks.append("\n".join(f"Note: {note}" for note in report["notes"]))
    return "\n\n".join([*blocks, *(format_section(section, room) for section in list_sections(report))])


def describe_judging(report: Mapping[str, Any]) -> str:
    """Which listings judged the model, in one sentence."""
    later = report.get("later")
    learnt = f"; the model learnt up to {report['as_of']}" if report["as_of"] else ""
    if later:
        span = f", {later['from_days']} to {later['to_days']} days after it" if later["last"] else ""
        return f"{report['title']}: judged by {report['rows']:,} listings of {later['source']}{learnt}{span}"
    return f"{report['title']}: judged by {report['rows']:,} listings that it has not learnt from{learnt}"


def format_section(section: Section, room: int | None, titled: bool = True) -> str:
    """A table, below its title and what it is about, without what a line has no room for."""
    if not section.rows:
        return "No listing has a price."
    title = ". ".join(filter(None, (section.title, section.about)))
    right = range(1, len(section.head))
    head = [cell.upper() for cell in section.head]
    spare = [head.index(name) for name in SPARE if name in head]
    table = format_table([head, *section.rows], right, spare=spare, room=room)
    return f"{title}\n{table}" if titled else table
