"""The history of releases, read from the journal."""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from carprice.ops.journal import Journal
from carprice.ops.release import Release, describe_model
from carprice.system.files import write_file
from carprice.system.tables import format_table

COLUMNS = ("  release", "begun (UTC)", "by", "model", "outcome", "took", "requests", "failed")
SPARE = tuple(COLUMNS.index(name) for name in ("by", "took", "begun (UTC)"))
BY_CHARACTERS = 10
LIVE = "live"
FAILED = "failed"
UNDER_WAY = "under way"
CUT_SHORT = "cut short"
PUBLISHED = 5
"""Releases that the service's page shows."""
SHOWN = ("name", "model", "started", "outcome", "seconds", "requests", "failed", "reason", "back_to", "step")


@dataclass
class Entry:
    """One release: what, when, by whom, how it ended, and the figures of its proof.

    back_to: the earlier release that it brought back; empty for a new one.
    step: the last that a rollout under way has behind it.
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
    step: str = ""

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
        elif line["event"] == "step" and name in entries:
            entries[name].step = line.get("step", "")
        elif line["event"] == "reconciled":
            _end_the_cut_short(entries, name)
    return list(entries.values())


def list_live(journal: Journal) -> list[Entry]:
    """The releases that went live, oldest first."""
    return [entry for entry in list_releases(journal) if entry.outcome == LIVE]


def publish_releases(journal: Journal, path: Path) -> None:
    """Write the last releases where the service's page reads them, the newest first: nothing there is a secret.

    A page is no reason for a rollout to fail, so a file that cannot be written is left as it is.
    """
    newest = list_releases(journal)[: -PUBLISHED - 1 : -1]
    shown = [{name: value for name, value in vars(entry).items() if name in SHOWN} for entry in newest]
    with suppress(OSError):
        write_file(path, json.dumps(shown, indent=1).encode())


def describe_releases(entries: list[Entry], live: str, room: int | None = None) -> str:
    """A table, one line per release, `*` before the live one. room: of a line, in characters."""
    if not entries:
        return "No rollout yet."
    rows = [COLUMNS, *(_format_row(entry, is_live=entry.name == live) for entry in entries)]
    head, *lines = format_table(rows, right=(6, 7), spare=SPARE, room=room).splitlines()
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
