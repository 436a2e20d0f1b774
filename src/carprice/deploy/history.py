"""The history of releases, read from the journal."""

from dataclasses import dataclass

from carprice.deploy.journal import Journal
from carprice.deploy.release import image_of

UNDER_WAY = "under way"
CUT_SHORT = "cut short"


@dataclass
class Entry:
    """One release: what, when, by whom, how it ended, and the figures of its proof."""

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


def list_releases(journal: Journal) -> list[Entry]:
    """Every release that was begun, oldest first."""
    entries: dict[str, Entry] = {}
    for line in journal.lines():
        name = str(line.get("release", ""))
        if line["event"] == "begin":
            image = image_of(name)
            entries[name] = Entry(name, image, line.get("model", ""), line["time"], line.get("by", ""))
        elif line["event"] == "done" and name in entries:
            entry = entries[name]
            entry.outcome, entry.seconds = line.get("outcome", ""), line.get("seconds")
            entry.requests, entry.failed = line.get("requests"), line.get("failed")
            entry.reason = line.get("reason", "")
        elif line["event"] in ("takeover", "reconciled"):
            for entry in entries.values():
                if entry.outcome == UNDER_WAY:
                    entry.outcome = CUT_SHORT
    return list(entries.values())


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
            f"{entry.model or 'of the image':<17} {entry.outcome:<10} {took:<6} {requests:>8} {failed:>7}"
        )
        if entry.reason:
            lines.append(f"           {entry.reason}")
    return "\n".join(lines)
