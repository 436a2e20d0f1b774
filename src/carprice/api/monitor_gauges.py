"""The monitor's figures as gauges: measured in a thread of their own when they are asked for, once a minute."""

import threading
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from carprice.monitor import lines
from carprice.monitor.lines import Line
from carprice.monitor.monitor import Monitor

SECONDS_BETWEEN = 60.0
GAUGES = {
    lines.MEDIAN_ERROR: (
        "monitor_median_error_ratio",
        "Median of how far answers were off the prices that came back.",
    ),
    lines.MEDIAN_RATIO: ("monitor_median_ratio", "Median of answer / price of prices that came back."),
    lines.COVERAGE: ("monitor_coverage_ratio", "Share of prices that came back within the range of their answer."),
    lines.DRIFT: ("monitor_drift_index", "Population stability index of a field against training."),
    lines.UNKNOWN: ("monitor_unknown_ratio", "Share of cars with a category that training never saw."),
    lines.OUTSIDE: ("monitor_outside_ratio", "Share of cars with a number outside those of training."),
    lines.LOW: ("monitor_low_confidence_ratio", "Share of prices of low confidence."),
    lines.REFUSED: ("monitor_refused_ratio", "Share of requests for one price that were refused."),
    lines.AGE: ("monitor_model_days", "Days since the last one that the model learnt from."),
    lines.FORECAST: ("monitor_forecast_error_ratio", "Median error that the model forecast for its age."),
}
"""By measure its gauge and what it is; docs/monitor.md has the limits."""
PART = ("kind", "name")
STATE, ROWS, MEASURED = "monitor_state", "monitor_rows", "monitor_measured_timestamp_seconds"
LABELS: dict[str, tuple[str, ...]] = {name: PART for name, _ in GAUGES.values()}
LABELS |= {STATE: ("measure", *PART, "state"), ROWS: ("measure", *PART), MEASURED: ()}
"""By the name of a gauge."""


class MonitorGauges(Collector):
    """The gauges of one process. A scrape gives what is known, and has it measured again where that is old."""

    def __init__(self, measure: Callable[[], Monitor | None], report: Callable[[str], None]) -> None:
        """measure: None where there is no model. report: takes the traceback of one that failed."""
        self._measure, self._report = measure, report
        self._lock = threading.Lock()
        self._measured: float | None = None
        self._thread: threading.Thread | None = None
        self._found: Monitor | None = None

    def collect(self) -> Iterator[Metric]:
        """The families of the last measurement, for prometheus_client; without values before the first."""
        yield from list_families(self.look())

    def look(self) -> Monitor | None:
        """The last measurement; None before the first, and where there is no model."""
        self._measure_again()
        return self._found

    def _measure_again(self) -> None:
        with self._lock:
            is_fresh = self._measured is not None and time.monotonic() < self._measured + SECONDS_BETWEEN
            if is_fresh or (self._thread and self._thread.is_alive()):
                return
            self._thread = threading.Thread(target=self._run, name="monitor", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            self._found = self._measure()
        except Exception:  # a bug, which should not end with gauges that stand still without a word
            self._found = None
            self._report(traceback.format_exc())
        self._measured = time.monotonic()


def list_families(found: Monitor | None) -> Iterator[Metric]:
    """Every gauge of a measurement, and when that was; all of them without values where there is none."""
    measured_lines = found.lines if found else []
    for measure, (name, text) in GAUGES.items():
        family = GaugeMetricFamily(name, text, labels=LABELS[name])
        for line in measured_lines:
            if line.measure == measure and line.value is not None:
                family.add_metric((line.kind, line.name), line.value)
        yield family
    state = GaugeMetricFamily(STATE, "1 for the state that a line has.", labels=LABELS[STATE])
    rows = GaugeMetricFamily(ROWS, "How many prices or cars a line is of.", labels=LABELS[ROWS])
    for line in measured_lines:
        state.add_metric((*_labels(line), line.state), 1)
        rows.add_metric(_labels(line), line.rows)
    measured = GaugeMetricFamily(MEASURED, "When the monitor measured, in seconds since 1970.")
    if found:
        measured.add_metric((), datetime.fromisoformat(found.measured).timestamp())
    yield from (state, rows, measured)


def _labels(line: Line) -> tuple[str, str, str]:
    return line.measure, line.kind, line.name
