"""All lines together: the state of the whole, the model's age, and a store that cannot be read."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.monitor.conftest import TODAY, MakeEntries, days_before, write_log, write_samples

from carprice.errors import FeedbackError
from carprice.feedback.entry import Feedback
from carprice.model.pricer import Pricer
from carprice.monitor.age import judge_age
from carprice.monitor.lines import ACT, COVERAGE, NOT_KNOWN, OK, WATCH, Line, State
from carprice.monitor.monitor import build_monitor, find_state
from carprice.settings import Settings

BANDS = [
    {"days": days, "median_ape": error, "seen": days != "61-90"}
    for days, error in (("0-7", 0.035), ("8-30", 0.038), ("31-60", 0.046), ("61-90", 0.056))
]


@pytest.mark.parametrize(
    ("days", "age", "forecast"),
    [(3, OK, OK), (30, OK, OK), (45, OK, WATCH), (75, OK, ACT), (91, ACT, ACT)],
)
def test_the_age_is_held_against_the_forecast(
    pricer: Pricer, settings: Settings, days: int, age: State, forecast: State
) -> None:
    pricer.manifest["ageing"], pricer.as_of = BANDS, days_before(days)
    first, second = judge_age(pricer, settings, TODAY)
    assert (first.value, first.state, second.state) == (days, age, forecast)
    assert ("more than its training saw" in second.evidence) == (days > 60)


def test_without_a_forecast_it_is_not_known(pricer: Pricer, settings: Settings) -> None:
    assert judge_age(pricer, settings, TODAY)[1].state == NOT_KNOWN


def test_everything_can_be_ok(
    pricer: Pricer, settings: Settings, make_entries: MakeEntries, cars: list[dict[str, Any]]
) -> None:
    pricer.manifest["ageing"], pricer.as_of = BANDS, days_before(3)
    write_samples(settings.logs_dir, cars)
    write_log(settings.logs_dir, 600, 1)
    entries = make_entries(600)
    found = build_monitor(pricer, lambda since: iter(entries), settings, TODAY)
    assert found.state == OK
    assert any(line.state == NOT_KNOWN and line.kind == "fuel" for line in found.lines)


def test_without_anything_nothing_is_ok_but_the_age(pricer: Pricer, settings: Settings) -> None:
    pricer.as_of = TODAY
    found = build_monitor(pricer, lambda _: [], settings, TODAY)
    assert (found.state, [line.measure for line in found.lines if line.state == OK]) == (NOT_KNOWN, ["model_days"])
    assert all(line.reason for line in found.lines if line.state == NOT_KNOWN)


def test_a_store_that_cannot_be_read_is_not_known(pricer: Pricer, settings: Settings) -> None:
    def fail(_: str) -> Iterator[Feedback]:
        raise FeedbackError("it is damaged", "mv it away")

    (line,) = [line for line in build_monitor(pricer, fail, settings, TODAY).lines if line.measure == COVERAGE]
    assert (line.state, line.reason, line.command) == (NOT_KNOWN, "it is damaged", "mv it away")


def test_the_worst_line_counts_and_segments_only_with_evidence() -> None:
    def state(*pairs: tuple[State, str]) -> State:
        return find_state([Line("drift", each, kind) for each, kind in pairs])

    assert state((OK, "all"), (NOT_KNOWN, "make")) == OK
    assert state((OK, "all"), (WATCH, "make")) == WATCH
    assert state((WATCH, "all"), (NOT_KNOWN, "all"), (ACT, "make")) == ACT
    assert state((WATCH, "all"), (NOT_KNOWN, "requests")) == WATCH
    assert state() == NOT_KNOWN
