"""Lines of what came: like the training is ok, drift is named with what changed, few cars are not known."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.bundles import dated_market, invent_dated_listings, invent_titled_listings, titled_market
from tests.model.cars import change
from tests.model.damage import put
from tests.monitor.conftest import write_log, write_samples

from carprice.errors import BundleError
from carprice.model.bundle.inputs import read_inputs
from carprice.model.pricer import Pricer
from carprice.monitor.inputs import judge_inputs
from carprice.monitor.lines import ACT, DRIFT, LOW, NOT_KNOWN, OK, OUTSIDE, UNKNOWN, WATCH, Line
from carprice.monitor.requests import judge_refused, sample_requests
from carprice.settings import Settings
from carprice.training.inputs import describe_inputs


def judge(cars: list[dict[str, Any]], pricer: Pricer, settings: Settings) -> dict[tuple[str, str], Line]:
    write_samples(settings.logs_dir, cars)
    lines = judge_inputs(sample_requests(settings.logs_dir, pricer), pricer, settings)
    return {(line.measure, line.name): line for line in lines}


def test_cars_as_in_training_are_ok(cars: list[dict[str, Any]], pricer: Pricer, settings: Settings) -> None:
    lines = judge(cars, pricer, settings)
    assert {line.state for line in lines.values()} == {OK}
    assert {name for measure, name in lines if measure == DRIFT} == set(pricer.encoders) | set(pricer.scaler)


def test_another_spelling_is_no_drift(cars: list[dict[str, Any]], pricer: Pricer, settings: Settings) -> None:
    shouted = [change(car, make=car["make"].upper(), fuel=car["fuel"].lower()) for car in cars]
    assert {line.state for line in judge(shouted, pricer, settings).values()} == {OK}


def test_drift_is_named_with_what_changed(cars: list[dict[str, Any]], pricer: Pricer, settings: Settings) -> None:
    changed = [change(car, mileage=car["mileage"] * 2, mpg=...) for car in cars]
    changed = [car if number % 2 else change(car, make="Lada") for number, car in enumerate(changed)]
    lines = judge(changed, pricer, settings)
    assert {name for (measure, name), line in lines.items() if measure == DRIFT and line.state == ACT} == {
        "mileage",
        "mpg",
        "make",
    }
    assert lines[DRIFT, "mpg"].evidence.startswith("600 requests: not given 100%, in training ")
    assert lines[DRIFT, "make"].evidence.startswith("600 requests: other values 50%, in training 0%")
    assert lines[DRIFT, "mileage"].command == "./carprice refresh LISTINGS --market uk"
    assert (lines[UNKNOWN, "all"].state, lines[UNKNOWN, "all"].value) == (ACT, 0.5)
    assert lines[UNKNOWN, "all"].evidence == "600 requests: make 50.0%"
    assert lines[OUTSIDE, "all"].state == ACT
    assert lines[OUTSIDE, "all"].evidence.startswith("600 requests: mileage ")
    assert lines[LOW, "all"].state == ACT


def test_few_cars_are_not_known(cars: list[dict[str, Any]], pricer: Pricer, settings: Settings) -> None:
    lines = judge([*cars[:60], {"of": "another market"}] * 1, pricer, settings)
    assert {line.state for line in lines.values()} == {NOT_KNOWN}
    assert lines[DRIFT, "all"].reason == "cars known: 60, needed: 100"


def test_some_cars_do_not_tell_of_small_drift(
    cars: list[dict[str, Any]], pricer: Pricer, settings: Settings
) -> None:
    drift = [line for line in judge(cars[:100], pricer, settings).values() if line.measure == DRIFT]
    assert {line.state for line in drift} == {OK, NOT_KNOWN}
    reasons = {line.reason for line in drift if line.state == NOT_KNOWN}
    assert reasons == {"so few cars do not tell on which side of its limit it is"}


def test_an_older_bundle_says_that_it_keeps_nothing(
    cars: list[dict[str, Any]], pricer: Pricer, settings: Settings
) -> None:
    del pricer.manifest["inputs"], pricer.manifest["report"]
    lines = judge(cars, pricer, settings)
    assert lines[DRIFT, "all"].reason == f"{pricer.version} keeps nothing of what it learnt from"
    assert lines[DRIFT, "all"].command == "./carprice train --market uk --data LISTINGS"
    assert lines[LOW, "all"].state == NOT_KNOWN


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["inputs", "rows"], 0, r"inputs.rows: should be at least 1 \(got 0\)"),
        (["inputs", "features"], [], r"inputs.features: should be an object"),
        (["inputs", "features", "year", "shares"], [0.5, 0.5], r"year.shares: should have \d+ numbers \(got 2\)"),
        (["inputs", "features", "year", "edges"], ["x"], r"features: year.edges\[0\]: should be a number"),
    ],
)
def test_damage_is_named(pricer: Pricer, path: list[str], value: Any, message: str) -> None:
    put(*path, value=value)(pricer.manifest)
    with pytest.raises(BundleError, match=message):
        read_inputs(pricer.manifest)


def test_every_kind_has_its_bins() -> None:
    inputs = read_inputs({"inputs": describe_inputs(invent_dated_listings(), dated_market())})
    assert inputs
    shares = {name: bins.shares for name, bins in inputs.features.items()}
    assert all(sum(each) == pytest.approx(1, abs=1e-4) for each in shares.values())
    assert len(shares["registered"]) == 11
    assert len(shares["leather"]) == 3  # no, yes, not given
    assert shares["inspected"][-1] == pytest.approx(0.5, abs=0.05)
    frame = invent_titled_listings()
    titles = read_inputs({"inputs": describe_inputs(frame, titled_market())})
    assert titles
    assert titles.features["title"].shares == pytest.approx([0.9, 0.1], abs=0.02)
    assert titles.features["title"].count(["a", None, "b"]) == [2, 1]


def test_what_has_no_value_has_bins_too() -> None:
    nothing = [pl.lit(None, pl.Float64).alias("seats"), pl.lit(None, pl.String).alias("colour")]
    frame = invent_dated_listings().with_columns(*nothing, pl.lit(1.0).alias("towbar"))
    inputs = read_inputs({"inputs": describe_inputs(frame, dated_market())})
    assert inputs
    assert [inputs.features[name].shares for name in ("seats", "colour", "towbar")] == [[0, 1], [0, 1], [1, 0]]


@pytest.mark.parametrize(("wrong", "state"), [(0, OK), (20, OK), (45, WATCH), (200, ACT)])
def test_refusals_are_counted_in_the_log(settings: Settings, wrong: int, state: str) -> None:
    write_log(settings.logs_dir, 600 - wrong, wrong)
    line = judge_refused(settings.logs_dir / "api.jsonl", settings)
    assert (line.state, line.rows) == (state, 600)


def test_without_a_log_refusals_are_not_known(tmp_path: Path, settings: Settings) -> None:
    assert judge_refused(tmp_path / "none", settings).reason == "requests in the log: 0, needed: 100"
