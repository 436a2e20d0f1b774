"""The history of releases, read from the journal."""

from dataclasses import dataclass

from carprice.ops.journal import Journal
from carprice.ops.release import Release, describe_model
from carprice.system.tables import format_table

COLUMNS = ("  release", "begun (UTC)", "by", "model", "outcome", "took", "requests", "failed")
BY_CHARACTERS = 10
LIVE = "live"
FAILED = "failed"
UNDER_WAY = "under way"
CUT_SHORT = "cut short"


@dataclass
class Entry:
    """One release: what, when, by whom, how it ended, and the figures of its proof.

    back_to: the earlier release that it brought back; empty for a new one.
    """

    name: str
    image: str
    model: str
    started: str
    by: str
    outcome: str = UNDER_WAY
    seconds: float | None = None
    requests: int | None = None
    failed: int | None = None
    reason: str = ""
    back_to: str = ""

    @property
    def release(self) -> Release:
        """Image and model of the entry."""
        return Release(self.name, self.image, self.model)


def list_releases(journal: Journal) -> list[Entry]:
    """Every release that was begun, or found running, oldest first."""
    entries: dict[str, Entry] = {}
    for line in journal.lines():
        name = str(line.get("release", ""))
        if line["event"] in ("begin", "adopted"):
            entry = Entry(name, line.get("image", ""), line.get("model", ""), line["time"], line.get("by", ""))
            entries.pop(name, None)
            entries[name] = entry
            if line["event"] == "adopted":
                entry.outcome = LIVE
        elif line["event"] == "done" and name in entries:
            entry = entries[name]
            entry.outcome, entry.seconds = line.get("outcome", ""), line.get("seconds")
            entry.requests, entry.failed = line.get("requests"), line.get("failed")
            entry.reason, entry.back_to = line.get("reason", ""), line.get("back_to", "")
        elif line["event"] == "reconciled":
            _end_the_cut_short(entries, name)
    return list(entries.values())


def list_live(journal: Journal) -> list[Entry]:
    """The releases that went live, oldest first."""
    return [entry for entry in list_releases(journal) if entry.outcome == LIVE]


def describe_releases(entries: list[Entry], live: str) -> str:
    """A table, one line per release, `*` before the live one."""
    if not entries:
        return "No rollout yet."
    rows = [COLUMNS, *(_format_row(entry, is_live=entry.name == live) for entry in entries)]
    head, *lines = format_table(rows, right=(6, 7)).splitlines()
    entries_lines = [
        [line, f"           {entry.reason}"] if entry.reason else [line]
        for line, entry in zip(lines, entries, strict=True)
    ]
    return "\n".join([head, *(line for item in entries_lines for line in item)])


def _format_row(entry: Entry, *, is_live: bool) -> tuple[str, ...]:
    requests, failed = ("-" if value is None else f"{value:,}" for value in (entry.requests, entry.failed))
    return (
        f"{'*' if is_live else ' '} {entry.name}",
        entry.started[:19].replace("T", " "),
        entry.by[:BY_CHARACTERS],
        describe_model(entry.model),
        entry.outcome,
        "-" if entry.seconds is None else f"{entry.seconds:.0f} s",
        requests,
        failed,
    )


def _end_the_cut_short(entries: dict[str, Entry], served: str) -> None:
    """A rollout that was killed ended when its leftovers were removed: live where they were completed."""
    for entry in entries.values():
        if entry.outcome == UNDER_WAY:
            entry.outcome = LIVE if entry.name == served else CUT_SHORT
