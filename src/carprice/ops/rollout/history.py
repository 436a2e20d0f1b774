"""The history of releases, read from the journal."""

from dataclasses import dataclass

from carprice.ops.docker.env_file import Release, describe_model
from carprice.ops.rollout.journal import Journal

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
    lines = [
        f"  {'release':<8} {'begun (UTC)':<19} {'by':<10} {'model':<17} {'outcome':<10} took   requests  failed"
    ]
    for entry in entries:
        mark = "*" if entry.name == live else " "
        took = "-" if entry.seconds is None else f"{entry.seconds:.0f} s"
        requests, failed = ("-" if value is None else f"{value:,}" for value in (entry.requests, entry.failed))
        lines.append(
            f"{mark} {entry.name:<8} {entry.started[:19].replace('T', ' '):<19} {entry.by[:10]:<10} "
            f"{describe_model(entry.model):<17} {entry.outcome:<10} {took:<6} {requests:>8} {failed:>7}"
        )
        if entry.reason:
            lines.append(f"           {entry.reason}")
    return "\n".join(lines)


def _end_the_cut_short(entries: dict[str, Entry], served: str) -> None:
    """A rollout that was killed ended when its leftovers were mended: live where they were completed."""
    for entry in entries.values():
        if entry.outcome == UNDER_WAY:
            entry.outcome = LIVE if entry.name == served else CUT_SHORT
