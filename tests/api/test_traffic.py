"""Rates and percentiles of the service page, from the counters of one process."""

import random
import statistics

import pytest

from carprice.api.metrics import SECONDS, Metrics
from carprice.api.traffic import MIN_SECONDS, OWN_ROUTES, WINDOW_SECONDS, TrafficHistory, find_percentile

PRICE = ("POST", "/predict/price")


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def start(metrics: Metrics) -> tuple[TrafficHistory, float]:
    history = TrafficHistory(metrics)
    return history, history._looks[0][0]


def test_the_first_look_is_since_the_start(metrics: Metrics) -> None:
    history, began = start(metrics)
    for status in (200, 200, 422, 500):
        metrics.add_request(*PRICE, status, 0.003)
    traffic = history.look(began + 8)
    assert (traffic.seconds, traffic.total.requests, traffic.total.per_second) == (8, 4, 0.5)
    assert (traffic.total.refused, traffic.total.failed) == (1, 1)
    assert [each.route for each in traffic.routes] == ["/predict/price"]


def test_a_look_forgets_what_is_older_than_the_window(metrics: Metrics) -> None:
    history, began = start(metrics)
    metrics.add_request(*PRICE, 200, 0.003)
    for second in range(0, int(WINDOW_SECONDS) + 20, 5):
        traffic = history.look(began + second)
    assert traffic.total.requests == 0
    assert traffic.routes == []
    assert WINDOW_SECONDS <= traffic.seconds + 5 <= WINDOW_SECONDS + 10
    metrics.add_request(*PRICE, 200, 0.003)
    assert history.look(began + WINDOW_SECONDS + 20).total.requests == 1


def test_looks_close_together_are_not_all_kept(metrics: Metrics) -> None:
    history, began = start(metrics)
    for tenth in range(50):
        history.look(began + 10 + tenth * MIN_SECONDS / 10)
    assert len(history._looks) <= 7


def test_probes_are_no_traffic(metrics: Metrics) -> None:
    history, began = start(metrics)
    for route in OWN_ROUTES:
        metrics.add_request("GET", route, 200, 0.001)
    assert history.look(began + 2).total.requests == 0
    assert history.look(began + 3).total.median is None


def test_percentiles_are_as_near_as_the_buckets(metrics: Metrics) -> None:
    draw = random.Random(5)
    times = [draw.lognormvariate(-6, 1) for _ in range(5_000)]
    for seconds in times:
        metrics.add_request(*PRICE, 200, seconds)
    [counts] = metrics.counts().values()
    cuts = statistics.quantiles(times, n=100)
    for share in (0.5, 0.95, 0.99):
        found, actual = find_percentile(counts, share), cuts[round(share * 100) - 1]
        assert found is not None
        limits = (
            [bound for bound in (0.0, *SECONDS) if bound <= actual][-1],
            min(bound for bound in SECONDS if bound >= actual),
        )
        assert limits[0] <= found <= limits[1]


def test_beyond_the_last_bucket_its_limit_is_said() -> None:
    assert find_percentile([0] * len(SECONDS) + [3], 0.5) == SECONDS[-1]
