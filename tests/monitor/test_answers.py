"""Lines of feedback: what is off is seen, what too few prices say is not known."""

from typing import Any

import pytest
from tests.monitor.conftest import TODAY, MakeEntries, days_before

from carprice.model.pricer import Pricer
from carprice.monitor.answers import MIN_ROWS, judge_answers
from carprice.monitor.lines import ACT, COVERAGE, MEDIAN_ERROR, MEDIAN_RATIO, NOT_KNOWN, OK, Line
from carprice.settings import Settings

OVERALL = (MEDIAN_ERROR, MEDIAN_RATIO, COVERAGE)


def judge(entries: Any, pricer: Pricer, settings: Settings) -> dict[tuple[str, str, str], Line]:
    lines = judge_answers(entries, pricer, settings, TODAY)
    return {(line.measure, line.kind, line.name): line for line in lines}


def overall(lines: dict[tuple[str, str, str], Line]) -> dict[str, Line]:
    return {measure: lines[measure, "all", "all"] for measure in OVERALL}


def test_prices_as_in_training_are_ok(make_entries: MakeEntries, pricer: Pricer, settings: Settings) -> None:
    lines = judge(make_entries(600), pricer, settings)
    found = overall(lines)
    assert {line.state for line in found.values()} == {OK}
    assert found[MEDIAN_ERROR].evidence == f"600 prices of {pricer.version}, 3.5% expected"
    assert found[MEDIAN_ERROR].value == pytest.approx(0.035, abs=0.005)
    assert found[MEDIAN_ERROR].command == ""
    assert {name for _, kind, name in lines if kind == "make"} > {"Ford", "Audi"}
    assert {name for _, kind, name in lines if kind == "age"} == {"0-1", "2-3", "4-6", "7-10", "11-15"}
    assert {kind for _, kind, _ in lines} == {"all", "make", "fuel", "age", "kind"}


def test_a_segment_whose_error_is_not_in_the_report_is_not_known(
    make_entries: MakeEntries, pricer: Pricer, settings: Settings
) -> None:
    line = judge(make_entries(600), pricer, settings)[MEDIAN_ERROR, "fuel", "Diesel"]
    assert (line.state, line.reason) == (NOT_KNOWN, "its manifest does not say what error to expect of them")


def test_prices_that_rose_are_seen_with_the_command(
    make_entries: MakeEntries, pricer: Pricer, settings: Settings
) -> None:
    found = overall(judge(make_entries(600, factor=1.25), pricer, settings))
    assert {line.state for line in found.values()} == {ACT}
    assert found[MEDIAN_RATIO].value == pytest.approx(0.8, abs=0.05)
    assert found[MEDIAN_RATIO].command == "./carprice refresh LISTINGS --market uk"


def test_one_make_alone_is_seen(make_entries: MakeEntries, pricer: Pricer, settings: Settings) -> None:
    entries = make_entries(100, make="Audi") + make_entries(100, factor=1.3, make="Ford")
    lines = judge(entries, pricer, settings)
    assert lines[MEDIAN_RATIO, "make", "Ford"].state == ACT
    assert lines[MEDIAN_RATIO, "make", "Audi"].state == OK


def test_few_prices_are_not_known_whatever_they_say(
    make_entries: MakeEntries, pricer: Pricer, settings: Settings
) -> None:
    found = overall(judge(make_entries(MIN_ROWS - 1), pricer, settings))
    assert {line.state for line in found.values()} == {NOT_KNOWN}
    assert found[COVERAGE].reason == "29 prices of the last 30 days have an answer, 30 are needed"
    assert found[COVERAGE].command == "./carprice feedback FILE"


def test_only_the_last_days_count(make_entries: MakeEntries, pricer: Pricer, settings: Settings) -> None:
    entries = make_entries(200, factor=2, day=days_before(31)) + make_entries(300, day=days_before(30))
    assert overall(judge(entries, pricer, settings))[MEDIAN_ERROR].rows == 300


def test_the_served_model_is_judged_alone_where_enough_prices_are_its_own(
    make_entries: MakeEntries, pricer: Pricer, settings: Settings
) -> None:
    before = make_entries(200, factor=2, version="20190101T000000Z")
    found = overall(judge([*before, *make_entries(100)], pricer, settings))
    assert found[MEDIAN_ERROR].rows == 100
    few = overall(judge([*before, *make_entries(10)], pricer, settings))
    assert few[MEDIAN_ERROR].evidence == f"210 prices of all models, 10 of {pricer.version}, 3.5% expected"


def test_the_forecast_says_what_to_expect(make_entries: MakeEntries, pricer: Pricer, settings: Settings) -> None:
    bands = [{"days": f"{low}-{low + 29}", "median_ape": 0.05 + low / 1000, "seen": True} for low in (0, 30, 60)]
    pricer.manifest["ageing"] = bands
    entries = make_entries(600, spread=0.11)
    pricer.as_of = days_before(0)
    assert overall(judge(entries, pricer, settings))[MEDIAN_ERROR].state == ACT
    pricer.as_of = days_before(300)
    line = overall(judge(entries, pricer, settings))[MEDIAN_ERROR]
    assert line.evidence.endswith("11.0% expected")
    assert line.state == OK
