"""The monitor's gauges: the same figures as the command's, measured beside the requests and not at each scrape."""

import threading
import time
from typing import Any

import pytest
from flask import Flask
from prometheus_client import CollectorRegistry, generate_latest
from tests.api.calls import as_json, call, find_state
from tests.api.conftest import MakeApp, wait_until
from tests.api.test_metrics import read_samples
from tests.model.cars import UK_CAR, change

from carprice.api import monitor_gauges as module
from carprice.api.monitor_gauges import GAUGES, MonitorGauges
from carprice.monitor.lines import ACT, MEASURES, NOT_KNOWN, Line
from carprice.monitor.monitor import Monitor, build_monitor

FOUND = Monitor(
    "v", "uk", "2020-06-30T00:00:00+00:00", 30, ACT, [Line("drift", ACT, "requests", "make", 0.5, rows=9)]
)


def test_every_measure_has_its_gauge() -> None:
    assert tuple(GAUGES) == MEASURES
    assert len({name for name, _ in GAUGES.values()}) == len(MEASURES)


def wait_for_gauges(app: Flask) -> dict[Any, float]:
    """The samples of a scrape after the first measurement."""
    return wait_until(lambda: _find_measured(read_samples(app.wsgi_app)))  # type: ignore[no-any-return]


def _find_measured(samples: dict[Any, float]) -> dict[Any, float] | None:
    return samples if ("monitor_measured_timestamp_seconds", ()) in samples else None


def test_the_gauges_are_what_the_command_says(app: Flask) -> None:
    for number in range(40):
        body = {"listing": change(UK_CAR, mileage=number), "price": 5000 + number, "kind": "sold"}
        assert call(app.wsgi_app, "POST", "/feedback", as_json(body)).status == 200
    samples, state = wait_for_gauges(app), find_state(app)
    assert state.model
    found = build_monitor(state.model.pricer, state.feedback.list_entries, state.settings)
    for line in found.lines:
        part = {"kind": line.kind, "name": line.name}
        labels = {"measure": line.measure, **part}
        assert samples["monitor_state", tuple(sorted({**labels, "state": line.state}.items()))] == 1
        assert samples["monitor_rows", tuple(sorted(labels.items()))] == line.rows
        value = samples.get((GAUGES[line.measure][0], tuple(sorted(part.items()))))
        assert value == (None if line.value is None else pytest.approx(line.value))
    assert samples["monitor_median_ratio", (("kind", "all"), ("name", "all"))] > 0


def test_without_a_model_there_is_nothing(make_app: MakeApp, tmp_path: Any) -> None:
    app = make_app(artifacts_dir=tmp_path / "none")
    read_samples(app.wsgi_app)
    assert find_state(app).model is None
    assert not [name for name, _ in read_samples(app.wsgi_app) if name.startswith("monitor_")]


def scrape(gauges: MonitorGauges) -> str:
    registry = CollectorRegistry()
    registry.register(gauges)
    return generate_latest(registry).decode()


def test_a_scrape_never_waits_and_measures_once(monkeypatch: pytest.MonkeyPatch) -> None:
    go, measured = threading.Event(), []

    def measure() -> Monitor:
        go.wait(60)
        measured.append(1)
        return FOUND

    gauges = MonitorGauges(measure, lambda _: None)
    assert "monitor_drift_index{" not in scrape(gauges) + scrape(gauges)
    go.set()
    wait_until(lambda: 'monitor_drift_index{kind="requests",name="make"} 0.5' in scrape(gauges))
    assert 'monitor_state{kind="requests",measure="drift",name="make",state="act"} 1.0' in scrape(gauges)
    assert len(measured) == 1
    monkeypatch.setattr(module, "SECONDS_BETWEEN", 0.0)
    wait_until(lambda: scrape(gauges) and len(measured) > 1)


def test_a_measurement_that_fails_is_reported_and_leaves_no_old_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS_BETWEEN", 0.0)
    answers, reports = iter([FOUND]), []
    gauges = MonitorGauges(lambda: next(answers), reports.append)
    wait_until(lambda: scrape(gauges) and reports)
    assert "StopIteration" in reports[0]
    assert "monitor_drift_index{" not in scrape(gauges)


def test_many_prices_do_not_make_it_slow(app: Flask) -> None:
    """A bound that only a mistake of ten times would pass: 0.1 s are usual."""
    state = find_state(app)
    assert state.model
    price = call(
        app.wsgi_app, "POST", "/feedback", as_json({"listing": UK_CAR, "price": 5000, "kind": "sold"})
    ).json
    (entry,) = state.feedback.list_newest(1)
    assert price["new"]
    began = time.monotonic()
    found = build_monitor(state.model.pricer, lambda _: [entry] * 5000, state.settings)
    assert time.monotonic() - began < 5
    assert NOT_KNOWN in {line.state for line in found.lines}
