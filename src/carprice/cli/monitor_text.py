"""The monitor for a terminal, and as one HTML page."""

from collections.abc import Iterator
from html import escape

from carprice.model.price_range import COVERAGE as TARGET
from carprice.monitor.answers import SEGMENTS
from carprice.monitor.lines import (
    ACT,
    AGE,
    ALL,
    COVERAGE,
    DRIFT,
    MEDIAN_RATIO,
    NOT_KNOWN,
    OK,
    STATES,
    WATCH,
    Line,
    State,
)
from carprice.monitor.monitor import Monitor
from carprice.system.tables import format_table

COLUMNS = ("STATE", "WHAT", "OF", "IS", "LIMIT", "BY")
DIGITS = {MEDIAN_RATIO: ".3f", DRIFT: ".2f", AGE: ".0f"}
WORDS = {
    OK: "All is well",
    WATCH: "Something should be watched",
    ACT: "Something should be done",
    NOT_KNOWN: "Nothing is wrong as far as is known, but not all is known",
}
COLOURS = {OK: "#2e7d32", WATCH: "#b26a00", ACT: "#c62828", NOT_KNOWN: "#5f6b76"}


def format_monitor(found: Monitor) -> str:
    """The lines as a table, the worst first, then what is not known and why, then the commands.

    Segments that are neither to be watched nor acted on are counted only.
    """
    lines = [line for line in sort_lines(found.lines) if line.kind not in SEGMENTS or line.state in (WATCH, ACT)]
    shown = [line for line in lines if line.state != NOT_KNOWN]
    blocks = [describe_state(found)]
    if shown:
        blocks.append(format_table([COLUMNS, *map(_format_line, shown)]))
    blocks += [_name_unknown(line) for line in lines if line.state == NOT_KNOWN]
    if left_out := len(found.lines) - len(lines):
        blocks.append(f"{left_out} more lines of segments are ok or not known: --json and --html have them")
    if commands := list_commands(lines):
        blocks.append("\n".join(["Next:", *(f"  {command}" for command in commands)]))
    return "\n".join(blocks)


def describe_state(found: Monitor) -> str:
    """The first sentence."""
    return f"{WORDS[found.state]}: {found.version} of market {found.market}, the last {found.days} days."


def sort_lines(lines: list[Line]) -> list[Line]:
    """The worst first, else as they are."""
    return sorted(lines, key=lambda line: -STATES.index(line.state))


def list_commands(lines: list[Line]) -> list[str]:
    """The commands of lines that say watch or act, each once."""
    return list(dict.fromkeys(line.command for line in lines if line.command and line.state in (WATCH, ACT)))


def format_value(measure: str, value: float | None) -> str:
    """A figure as people read it."""
    return "" if value is None else f"{value:{DIGITS.get(measure, '.1%')}}"


def name_part(line: Line) -> str:
    """What a line is of."""
    return line.kind if line.name == ALL else f"{line.kind} {line.name}"


def _format_line(line: Line) -> tuple[str, ...]:
    value = format_value(line.measure, line.value)
    if line.low is not None and line.high is not None:
        value += f" ({format_value(line.measure, line.low)} to {format_value(line.measure, line.high)})"
    return line.state, line.measure, name_part(line), value, _format_limits(line), line.evidence


def _format_limits(line: Line) -> str:
    """From where on to watch, and to act; a ratio may be so far from 1, a coverage so little."""
    ends = [TARGET - end if line.measure == COVERAGE else end for end in (line.watch, line.act) if end is not None]
    sign = "±" if line.measure == MEDIAN_RATIO else ""
    return " / ".join(f"{sign}{format_value(line.measure, end)}" for end in ends)


def _name_unknown(line: Line) -> str:
    more = f" ({line.evidence})" if line.evidence else ""
    next_step = f"; {line.command}" if line.command else ""
    return f"not known: {line.measure} of {name_part(line)}: {line.reason}{more}{next_step}"


def render_monitor(found: Monitor) -> str:
    """One HTML page, which needs no network."""
    from carprice.evaluation.page import PAGE, STYLE

    lines = sort_lines(found.lines)
    rows = "\n".join(_render_line(line) for line in lines)
    head = "".join(f'<th scope="col">{cell.lower()}</th>' for cell in (*COLUMNS, "NEXT"))
    body = (
        f"<p>{escape(describe_state(found))} Measured {escape(found.measured)}.</p>\n"
        f'<div class="wide" tabindex="0"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>'
        "</table></div>"
    )
    style = "\n".join([STYLE, *_style_states()])
    return PAGE.format(title=escape(f"Monitor of {found.version}"), style=style, body=body)


def _style_states() -> Iterator[str]:
    for state, colour in COLOURS.items():
        yield f".{_class_of(state)} {{ border-left: 6px solid {colour}; }}"
    yield "td { text-align: left; }"


def _class_of(state: State) -> str:
    return state.replace(" ", "-")


def _render_line(line: Line) -> str:
    _, *cells, evidence = _format_line(line)
    evidence = "; ".join(filter(None, (evidence, line.reason)))
    texts = "".join(f"<td>{escape(cell)}</td>" for cell in (*cells, evidence, line.command))
    return f'<tr><td class="{_class_of(line.state)}">{line.state}</td>{texts}</tr>'
