"""Tables of figures: printed, and kept in docs/benchmarks.md with the command that made them."""

import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Each section is written by its command with `--write`; each table was measured in one run.
Ratios hold better than the figures beside them, which are those of the machine and of what else it did.
"""


def format_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A markdown table: the first column to the left, the others to the right."""
    widths = [max(len(row[place]) for row in (columns, *rows)) for place in range(len(columns))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_format_row(row, widths) for row in (columns, rule, *rows))


def _format_row(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        row[0].ljust(widths[0]),
        *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
    ]
    return f"| {' | '.join(cells)} |"


def describe_machine() -> str:
    """The machine in one sentence, with what it does besides; to be asked before the measuring."""
    return f"{os.cpu_count()} cores; load average before the start {os.getloadavg()[0]:.1f}."


def print_section(title: str, command: str, lines: Sequence[str], write: bool) -> None:
    """Print a section, and put it in the place of the same title's in docs/benchmarks.md where asked to."""
    text = "\n".join(lines)
    print(text)
    if write:
        PAGE.parent.mkdir(exist_ok=True)
        page = PAGE.read_text() if PAGE.exists() else HEAD
        PAGE.write_text(replace_section(page, title, f"`{command}`, {datetime.now(UTC):%Y-%m-%d}\n\n{text}"))


def replace_section(page: str, title: str, text: str) -> str:
    """The page with this text below `## title`, in its old place or at the end."""
    section = f"## {title}\n\n{text}\n"
    old = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if old.search(page):
        return old.sub(lambda _: f"{section}\n", page).rstrip() + "\n"
    return f"{page.rstrip()}\n\n{section}"
