"""What cleaning did: rows read, kept, dropped and why, values fixed, each with its first example."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from carprice.listings.reading.row_lines import DroppedRow, shorten
from carprice.market.hygiene import say_otherwise

DROPPED = "dropped"
FIXED = "fixed"
MARKED = "marked"
MIN_TOLD_SHARE = 0.01
"""Of the rows: what drops fewer is told by `market check` alone."""


@dataclass
class CleaningEntry:
    """One thing that happened in one column: how often, and the first line and text it happened to.

    column is empty for what is about the whole row. check: the key of [hygiene] in the market file that decides
    what is done about it; empty where none does. file: the one of the line, where there are several.
    """

    action: str
    reason: str
    column: str
    count: int
    line: int
    value: str | None
    check: str = ""
    file: str = ""

    @property
    def otherwise(self) -> str:
        """The line of the market file that has it the other way; empty where there is none."""
        return say_otherwise(self.check, "mark" if self.action == MARKED else "drop") if self.check else ""


@dataclass
class CleaningReport:
    """What was done to one file, or several; rows_read = rows_kept + the sum of dropped; rows marked are kept.

    counted: how the place of an example is given, by `line` or, where a file has no lines, by `row`.
    notes: how the file was understood, where that is not plain. name: of the file, without its folder. over_cap:
    rows dropped for there are enough of their make and model.
    """

    market: str
    source: str
    counted: str = "line"
    rows_read: int = 0
    rows_kept: int = 0
    entries: list[CleaningEntry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    name: str = ""
    over_cap: int = 0

    @property
    def dropped(self) -> dict[str, int]:
        """Rows dropped, by reason."""
        return self._count(DROPPED, lambda entry: entry.reason)

    @property
    def fixed(self) -> dict[str, int]:
        """Values fixed, by column and what was done."""
        return self._count(FIXED, lambda entry: f"{entry.column}: {entry.reason}")

    @property
    def marked(self) -> dict[str, int]:
        """Rows kept that are no usual cars on offer, by reason."""
        return self._count(MARKED, lambda entry: entry.reason)

    def add(self, found: CleaningEntry) -> None:
        """Count an entry of one batch; the first batch that has it gives the example."""
        for entry in self.entries:
            if (entry.action, entry.reason, entry.column) == (found.action, found.reason, found.column):
                entry.count += found.count
                return
        self.entries.append(found)

    def correct_places(self, find_places: Callable[[Sequence[int]], list[tuple[str, int]]]) -> None:
        """Replace line numbers counted as one per row by those of the file, and name it."""
        places = find_places([entry.line for entry in self.entries])
        for entry, (file, line) in zip(self.entries, places, strict=True):
            entry.file, entry.line = file, line

    def add_unread(self, dropped: Sequence[tuple[str, DroppedRow]]) -> None:
        """Count the rows, by file, that reading left out."""
        for file, row in dropped:
            self.rows_read += row.count
            self.add(CleaningEntry(DROPPED, row.reason, "", row.count, row.line, row.value, file=file))

    def take_back(self, reason: str, count: int, lines: Sequence[int]) -> None:
        """Count so many rows less as dropped for a reason; lines: of the rows that it still has."""
        for entry in [entry for entry in self.entries if (entry.action, entry.reason) == (DROPPED, reason)]:
            entry.count -= count
            if len(lines) and entry.line not in lines:
                entry.line, entry.value = int(lines[0]), None
        self.entries = [entry for entry in self.entries if entry.count]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON and the model's manifest."""
        return {
            "market": self.market,
            "source": self.source,
            "counted": self.counted,
            "rows_read": self.rows_read,
            "rows_kept": self.rows_kept,
            "dropped": self.dropped,
            "marked": self.marked,
            "fixed": self.fixed,
            "notes": self.notes,
            "findings": [
                {**asdict(entry), "share": self._share(entry), "otherwise": entry.otherwise}
                for entry in self.entries
            ],
        }

    def hygiene(self) -> list[dict[str, Any]]:
        """The findings that the table [hygiene] of the market file decides, as as_dict has them."""
        return [entry for entry in self.as_dict()["findings"] if entry["check"]]

    def head(self) -> list[str]:
        """A line for each finding of hygiene and for what dropped many rows, the most frequent first."""
        found = [entry for entry in self.entries if entry.check or self._is_large(entry)]
        return [
            f"{entry.action.capitalize()} {entry.count:,} ({self._share(entry):.1%}): {_title(entry)}"
            + (f"; otherwise: {entry.otherwise}" if entry.check else "")
            for entry in sorted(found, key=lambda entry: -entry.count)
        ]

    def _is_large(self, entry: CleaningEntry) -> bool:
        return entry.action == DROPPED and self._share(entry) >= MIN_TOLD_SHARE

    def as_table(self) -> str:
        """The report as people read it."""
        dropped = self.rows_read - self.rows_kept
        lines = [
            f"{self.source} as market {self.market}",
            *(f"  {note}" for note in self.notes),
            f"  rows read     {self.rows_read:>11,}",
            f"  rows kept     {self.rows_kept:>11,}",
            f"  rows dropped  {dropped:>11,}",
            *self._entry_lines(DROPPED),
        ]
        if marked := sum(self.marked.values()):
            lines += [f"  rows marked   {marked:>11,}", *self._entry_lines(MARKED)]
        if fixed := sum(self.fixed.values()):
            lines += [f"  values fixed  {fixed:>11,}", *self._entry_lines(FIXED)]
        return "\n".join(lines)

    def _entry_lines(self, action: str) -> list[str]:
        found = [entry for entry in self.entries if entry.action == action]
        width = max((len(_title(entry)) for entry in found), default=0)
        return [
            f"    {_title(entry):<{width}}  {entry.count:>9,}   first: {self._describe_example(entry)}"
            + (f"   otherwise: {entry.otherwise}" if entry.check else "")
            for entry in sorted(found, key=lambda entry: -entry.count)
        ]

    def _describe_example(self, entry: CleaningEntry) -> str:
        value = "" if entry.value is None else f", {shorten(entry.value)}"
        file = f"{entry.file} " if entry.file else ""
        return f"{file}{self.counted} {entry.line:,}{value}"

    def _share(self, entry: CleaningEntry) -> float:
        """Of the rows read."""
        return entry.count / max(self.rows_read, 1)

    def _count(self, action: str, name: Callable[[CleaningEntry], str]) -> dict[str, int]:
        counts: dict[str, int] = {}
        for entry in self.entries:
            if entry.action == action:
                counts[name(entry)] = counts.get(name(entry), 0) + entry.count
        return counts


def _title(entry: CleaningEntry) -> str:
    return f"{entry.column}: {entry.reason}" if entry.column else entry.reason
