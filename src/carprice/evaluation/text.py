"""The report for a terminal: its head, which a training ends with, and all of it."""

from collections.abc import Mapping
from typing import Any

from carprice.evaluation.sections import Section, list_ageing, list_head, list_sections
from carprice.system.tables import format_table

MAX_HEAD_NOTES = 5


def format_head(report: Mapping[str, Any]) -> str:
    """The figures to know first: overall, by confidence, ageing, and the first notes."""
    lines = [describe_judging(report), format_section(list_head(report), titled=False)]
    if report["ageing"]:
        lines += ["", format_section(list_ageing(report))]
    notes = report["notes"]
    lines += [f"Note: {note}" for note in notes[:MAX_HEAD_NOTES]]
    if len(notes) > MAX_HEAD_NOTES:
        lines.append(f"and {len(notes) - MAX_HEAD_NOTES} more notes in the report")
    return "\n".join(lines)


def format_report(report: Mapping[str, Any]) -> str:
    """Every table of the report, the notes first."""
    blocks = [describe_judging(report)]
    if report["notes"]:
        blocks.append("\n".join(f"Note: {note}" for note in report["notes"]))
    return "\n\n".join([*blocks, *(format_section(section) for section in list_sections(report))])


def describe_judging(report: Mapping[str, Any]) -> str:
    """Which listings judged the model, in one sentence."""
    later = report.get("later")
    learnt = f"; the model learnt up to {report['as_of']}" if report["as_of"] else ""
    if later:
        span = f", {later['from_days']} to {later['to_days']} days after it" if later["last"] else ""
        return f"{report['title']}: judged by {report['rows']:,} listings of {later['source']}{learnt}{span}"
    return f"{report['title']}: judged by {report['rows']:,} listings that it has not learnt from{learnt}"


def format_section(section: Section, titled: bool = True) -> str:
    """A table, below its title and what it is about."""
    if not section.rows:
        return "No listing has a price."
    title = ". ".join(filter(None, (section.title, section.about)))
    right = range(1, len(section.head))
    table = format_table([[cell.upper() for cell in section.head], *section.rows], right)
    return f"{title}\n{table}" if titled else table
