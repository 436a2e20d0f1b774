"""What cleaning did: rows read, kept, dropped and why, values mended, each with its first example."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from carprice.listings.csv_errors import shorten

DROPPED = "dropped"
MENDED = "mended"


@dataclass
class Finding:
    """One thing that happened in one column: how often, and the first line and text it happened to.

    column is empty for a duplicate, which is about the whole row.
    """

    action: str
    reason: str
    column: str
    count: int
    line: int
    value: str | None


@dataclass
class CleaningReport:
    """The account of one file; rows_read = rows_kept + the sum of dropped.

    counted: what examples are counted in, `line` or, of Parquet, `row`.
    """

    market: str
    source: str
    counted: str = "line"
    rows_read: int = 0
    rows_kept: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def dropped(self) -> dict[str, int]:
        """Rows dropped, by reason."""
        return self._count(DROPPED, lambda finding: finding.reason)

    @property
    def mended(self) -> dict[str, int]:
        """Values mended, by column and what was done."""
        return self._count(MENDED, lambda finding: f"{finding.column}: {finding.reason}")

    def add(self, found: Finding) -> None:
        """Count a finding of one batch; the first batch that has it gives the example."""
        for finding in self.findings:
            if (finding.action, finding.reason, finding.column) == (found.action, found.reason, found.column):
                finding.count += found.count
                return
        self.findings.append(found)

    def correct_lines(self, find_lines: Callable[[Sequence[int]], list[int]]) -> None:
        """Put the lines of the file in the place of lines counted as one per row."""
        for finding, line in zip(
            self.findings, find_lines([finding.line for finding in self.findings]), strict=True
        ):
            finding.line = line

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON and the model's manifest."""
        return {
            "market": self.market,
            "source": self.source,
            "counted": self.counted,
            "rows_read": self.rows_read,
            "rows_kept": self.rows_kept,
            "dropped": self.dropped,
            "mended": self.mended,
            "findings": [asdict(finding) for finding in self.findings],
        }

    def as_table(self) -> str:
        """The report as people read it."""
        lost = self.rows_read - self.rows_kept
        lines = [
            f"{self.source} as market {self.market}",
            f"  rows read     {self.rows_read:>11,}",
            f"  rows kept     {self.rows_kept:>11,}",
            f"  rows dropped  {lost:>11,}",
            *self._finding_lines(DROPPED),
        ]
        if mended := sum(self.mended.values()):
            lines += [f"  values mended {mended:>11,}", *self._finding_lines(MENDED)]
        return "\n".join(lines)

    def _finding_lines(self, action: str) -> list[str]:
        found = [finding for finding in self.findings if finding.action == action]
        width = max((len(_title(finding)) for finding in found), default=0)
        return [
            f"    {_title(finding):<{width}}  {finding.count:>9,}   first: {self._place(finding)}"
            for finding in sorted(found, key=lambda finding: -finding.count)
        ]

    def _place(self, finding: Finding) -> str:
        value = "" if finding.value is None else f", {shorten(finding.value)}"
        return f"{self.counted} {finding.line:,}{value}"

    def _count(self, action: str, name: Callable[[Finding], str]) -> dict[str, int]:
        counts: dict[str, int] = {}
        for finding in self.findings:
            if finding.action == action:
                counts[name(finding)] = counts.get(name(finding), 0) + finding.count
        return counts


def _title(finding: Finding) -> str:
    return f"{finding.column}: {finding.reason}" if finding.column else finding.reason
