"""Tables of the service's page: replicas, releases with their proof, prices, the states of the monitor."""

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from carprice.api.pages.wording import write_band
from carprice.api.replicas import Replica
from carprice.feedback.samples import Sample
from carprice.monitor.answers import SEGMENTS
from carprice.monitor.lines import ACT, AGE, ALL, DRIFT, MEDIAN_RATIO, STATES, WATCH, Line
from carprice.monitor.monitor import Monitor
from carprice.names import CANDIDATE, RELEASES_FILE

MAX_LINES = 20
MAX_SAMPLES = 500
DASH = "\N{EN DASH}"
_DIGITS = {MEDIAN_RATIO: ".3f", DRIFT: ".2f", AGE: ".0f"}


class Table(NamedTuple):
    """caption and head in words; rows: of texts, the first one names the row. empty: what stands for no row."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    empty: str


def list_replicas(found: Sequence[Replica], is_known: bool) -> Table:
    """Every replica that answered by its name, a candidate's of a rollout under way too."""
    rows = [
        (
            each.address,
            "candidate" if each.group == CANDIDATE else "live",
            each.release or DASH,
            each.model or DASH,
            each.state,
        )
        for each in found
    ]
    empty = "They are being asked." if is_known else "Not known here: ./carprice status"
    return Table("Replicas", ("Address", "Set", "Release", "Model", "Answers"), rows, empty)


def list_releases(artifacts: Path) -> Table:
    """The last releases as the operator's commands left them; of one under way the last step behind it."""
    try:
        entries = json.loads((artifacts / RELEASES_FILE).read_bytes())
        rows = [_describe_release(entry) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        rows = []
    head = ("Release", "Begun (UTC)", "Model", "Outcome", "Took", "Requests", "Failed")
    return Table("Last rollouts and their proof", head, rows, "No rollout is known here: ./carprice releases")


def _describe_release(entry: dict[str, Any]) -> tuple[str, ...]:
    step, reason = entry["step"], entry["reason"]
    outcome = entry["outcome"] + (f", after {step}" if step and entry["seconds"] is None else "")
    requests, failed = (DASH if entry[name] is None else f"{entry[name]:,}" for name in ("requests", "failed"))
    return (
        entry["name"] + (f", back to {entry['back_to']}" if entry["back_to"] else ""),
        entry["started"][:19].replace("T", " "),
        entry["model"] or DASH,
        f"{outcome}: {reason}" if reason else outcome,
        DASH if entry["seconds"] is None else f"{entry['seconds']:.0f} s",
        requests,
        failed,
    )


def list_prices(samples: Sequence[Sample], manifest: Mapping[str, Any], currency: str) -> Table:
    """How the newest answers of this model lie in the price bands of the listings that it was judged by."""
    bands = (manifest.get("metrics") or {}).get("price_band") or {}
    ends = [float(name.rpartition("-")[2]) for name in bands]
    answers = [sample.answer for sample in samples]
    prices = [answer.price for answer in answers if answer.model_version == manifest["version"]]
    counts = Counter(min(bisect_left(ends, price), len(ends) - 1) for price in prices if ends)
    judged = sum(band["rows"] for band in bands.values())
    rows = [
        (write_band(name), f"{100 * counts[place] / len(prices):.0f} %", f"{100 * band['rows'] / judged:.0f} %")
        for place, (name, band) in enumerate(bands.items())
        if prices
    ]
    head = (
        f"Price, in {currency}",
        f"of the newest {len(prices):,} answers in the sample",
        "of the listings it was judged by",
    )
    return Table("Prices, against the training", head, rows, "Not known: no such answer is in the sample.")


def list_states(found: Monitor | None) -> Table:
    """The lines of the monitor, the worst first; of segments only those to be watched or acted on."""
    lines = [] if found is None else [line for line in found.lines if _is_shown(line)]
    worst_first = sorted(lines, key=lambda line: -STATES.index(line.state))[:MAX_LINES]
    head = ("What", "Of", "State", "Is", "Seen")
    rows = [
        (
            line.measure.replace("_", " "),
            line.kind if line.name == ALL else f"{line.kind} {line.name}",
            line.state,
            DASH if line.value is None else f"{line.value:{_DIGITS.get(line.measure, '.1%')}}",
            "; ".join(filter(None, (line.evidence, line.reason))),
        )
        for line in worst_first
    ]
    return Table("What comes in, against the training", head, rows, "It is being measured: ./carprice monitor")


def _is_shown(line: Line) -> bool:
    return line.kind not in SEGMENTS or line.state in (WATCH, ACT)
