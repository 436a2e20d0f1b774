"""All lines of the monitor, from what the service wrote: feedback, its logs, the manifest of the model."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta

import msgspec

from carprice.errors import FeedbackError
from carprice.feedback.entry import Feedback
from carprice.model.pricer import Pricer
from carprice.monitor.age import judge_age
from carprice.monitor.answers import SEGMENTS, judge_answers
from carprice.monitor.inputs import judge_inputs
from carprice.monitor.lines import (
    ACT,
    COVERAGE,
    MEDIAN_ERROR,
    MEDIAN_RATIO,
    NOT_KNOWN,
    STATES,
    WATCH,
    Line,
    State,
)
from carprice.monitor.requests import judge_refused, sample_requests
from carprice.settings import Settings

LOG_FILE = "api.jsonl"

ListEntries = Callable[[str], Iterable[Feedback]]
"""The feedback since a day, ISO 8601. Raises FeedbackError."""


class Monitor(msgspec.Struct, frozen=True):
    """What was found. state: of the worst line; a segment that is not known does not count. days: looked back."""

    version: str
    market: str
    measured: str
    days: int
    state: State
    lines: list[Line]


def build_monitor(
    pricer: Pricer,
    list_entries: ListEntries,
    settings: Settings,
    today: date | None = None,
    more: Iterable[Line] = (),
) -> Monitor:
    """Measure everything. today: the day to look back from. more: lines of other sources, such as a file."""
    now = datetime.now(UTC)
    today = today or now.date()
    lines = [
        *_judge_feedback(pricer, list_entries, settings, today),
        *judge_inputs(sample_requests(settings.logs_dir, pricer), pricer, settings),
        judge_refused(settings.logs_dir / LOG_FILE, settings),
        *more,
        *judge_age(pricer, settings, today),
    ]
    return Monitor(
        pricer.version,
        pricer.market.name,
        now.isoformat(timespec="seconds"),
        settings.monitor_days,
        find_state(lines),
        lines,
    )


def find_state(lines: Iterable[Line]) -> State:
    """The worst state; one that is not known counts only outside segments."""
    states = [line.state for line in lines if line.kind not in SEGMENTS or line.state in (WATCH, ACT)]
    return max(states, key=STATES.index, default=NOT_KNOWN)


def _judge_feedback(pricer: Pricer, list_entries: ListEntries, settings: Settings, today: date) -> list[Line]:
    first = (today - timedelta(days=settings.monitor_days)).isoformat()
    try:
        return judge_answers(list_entries(first), pricer, settings, today)
    except FeedbackError as error:
        measures = (MEDIAN_ERROR, MEDIAN_RATIO, COVERAGE)
        return [Line(name, NOT_KNOWN, reason=error.what, command=error.hint) for name in measures]
