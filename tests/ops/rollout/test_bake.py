"""What sends the traffic back during the bake."""

from types import SimpleNamespace
from typing import Any

import pytest

from carprice.api.metrics import Metrics
from carprice.ops.limits import Limits
from carprice.ops.requests import Request, RequestStats
from carprice.ops.rollout.bake import BakeError, Prices, check_errors, check_latency, check_prices, read_prices


def tally(count: int, took: int, slow: int = 0, slow_took: int = 0) -> RequestStats:
    made = RequestStats()
    for number in range(count):
        made.add(Request(number, slow_took if number < slow else took, "be_next", False))
    return made


@pytest.mark.parametrize(
    ("requests", "failed", "is_bad"),
    [(1000, 10, False), (1000, 11, True), (100, 2, False), (100, 3, True), (19, 19, False), (0, 0, False)],
)
def test_errors(requests: int, failed: int, is_bad: bool) -> None:
    seen = RequestStats(requests, failed)
    if not is_bad:
        check_errors(seen, Limits())
        return
    with pytest.raises(BakeError) as error:
        check_errors(seen, Limits())
    assert error.value.what == f"{failed} of {requests} requests failed after the switch, the limit is 1.0%"


@pytest.mark.parametrize(
    ("seen", "before", "told"),
    [
        (tally(100, 4), tally(100, 4), ""),
        (tally(100, 100), tally(100, 4), ""),
        (tally(100, 101), tally(100, 4), "p50 of the requests is 101 ms after the switch, the limit 100 ms"),
        (tally(100, 200), tally(100, 50), ""),
        (tally(100, 251), tally(100, 50), "p50 of the requests is 251 ms after the switch, the limit 250 ms"),
        (
            tally(100, 4, 10, 600),
            tally(100, 4),
            "p95 of the requests is 600 ms after the switch, the limit 500 ms",
        ),
        (tally(100, 4, 4, 9000), tally(100, 4), ""),
        (tally(19, 900), tally(100, 4), ""),
        (tally(100, 900), tally(19, 4), ""),
    ],
)
def test_latency(seen: RequestStats, before: RequestStats, told: str) -> None:
    if not told:
        check_latency(seen, before, Limits())
        return
    with pytest.raises(BakeError) as error:
        check_latency(seen, before, Limits())
    assert error.value.what == told


@pytest.mark.parametrize(
    ("old", "new", "is_bad"),
    [
        (Prices(200, 200_000), Prices(200, 269_000), False),
        (Prices(200, 200_000), Prices(200, 271_000), True),
        (Prices(200, 200_000), Prices(200, 129_000), True),
        (Prices(199, 199_000), Prices(200, 900_000), False),
        (Prices(200, 200_000), Prices(199, 900_000), False),
    ],
)
def test_the_mean_price(old: Prices, new: Prices, is_bad: bool) -> None:
    if not is_bad:
        check_prices(old, new, Limits())
        return
    with pytest.raises(
        BakeError, match=r"the mean price moved by [+-]35\.5% after the switch, the limit is 35\.0%"
    ):
        check_prices(old, new, Limits())


class Counting:
    """A replica that has predicted in two currencies."""

    def ask(self, method: str, path: str, seconds: float) -> SimpleNamespace:
        assert (method, path) == ("GET", "/metrics")
        metrics = Metrics()
        for currency, price in (("GBP", 9000), ("USD", 12_000), ("USD", 15_000)):
            metrics.set_model("v", "digest", currency)
            metrics.add_price(price, currency)
        return SimpleNamespace(text=metrics.text().decode())


def test_the_prices_of_every_currency_and_replica_are_read() -> None:
    replicas: Any = [Counting(), Counting()]
    assert read_prices(replicas) == Prices(6, 72_000)


def test_prices_since_an_earlier_look() -> None:
    assert Prices(500, 9_000).since(Prices(200, 4_000)) == Prices(300, 5_000)
