"""Counters and histograms that are fast to update, exposed in Prometheus' text format.

Every request updates them, by a dict lookup and a bisection; prometheus_client, whose own histogram goes through
its buckets at each observation, only writes the text.
"""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

SECONDS = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
PRICES = tuple(float(digit * 10**power) for power in range(2, 6) for digit in (1, 2, 5))
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class _Histogram:
    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def add_all(self, values: Sequence[float]) -> None:
        counts, bounds = self.counts, self.bounds
        for value in values:
            counts[bisect_left(bounds, value)] += 1
        self.sum += sum(values)

    def buckets(self) -> list[tuple[str, float]]:
        total = 0
        rows: list[tuple[str, float]] = []
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True):
            total += count
            rows.append((bound, total))
        return rows


class Metrics(Collector):
    """What this process counted since it started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._durations: dict[tuple[str, str, int], _Histogram] = {}
        self._prices: dict[str, _Histogram] = {}
        self._warnings: Counter[tuple[str, str]] = Counter()
        self._model: tuple[str, str] | None = None
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def add_collector(self, collector: Collector) -> None:
        """Expose the families of another collector too."""
        self._registry.register(collector)

    def set_model(self, version: str, digest: str, currency: str) -> None:
        """Set the loaded model; prices are counted by its currency."""
        with self._lock:
            self._prices.setdefault(currency, _Histogram(PRICES))
            self._model = (version, digest)

    def add_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request with its duration."""
        key = (method, route, status)
        with self._lock:
            histogram = self._durations.get(key)
            if histogram is None:
                histogram = self._durations[key] = _Histogram(SECONDS)
            histogram.add(seconds)

    def add_price(self, price: float, currency: str) -> None:
        """Count one price, predicted by the loaded model."""
        with self._lock:
            self._prices[currency].add(price)

    def add_prices(self, prices: Sequence[float], currency: str) -> None:
        """Count prices, predicted by the loaded model."""
        with self._lock:
            self._prices[currency].add_all(prices)

    def add_warnings(self, warnings: Iterable[tuple[str, str]]) -> None:
        """Count values that training never saw, each as (code, feature)."""
        with self._lock:
            self._warnings.update(warnings)

    def counts(self) -> dict[tuple[str, str, int], list[int]]:
        """By method, route and status: how many answers took as long as each of SECONDS allows, and longer."""
        with self._lock:
            return {key: list(histogram.counts) for key, histogram in self._durations.items()}

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """The families, for prometheus_client."""
        with self._lock:  # released before the text is written, which takes longer
            families = [
                self._duration_family(),
                self._price_family(),
                self._warning_family(),
                self._model_family(),
            ]
        yield from families

    def _duration_family(self) -> Metric:
        family = HistogramMetricFamily(
            "http_server_request_duration_seconds",
            "Time to answer a request.",
            labels=("http_request_method", "http_route", "http_response_status_code"),
        )
        for (method, route, status), histogram in self._durations.items():
            family.add_metric((method, route, str(status)), histogram.buckets(), histogram.sum)
        return family

    def _price_family(self) -> Metric:
        family = HistogramMetricFamily("predicted_price", "Predicted prices.", labels=("currency",))
        for currency, histogram in self._prices.items():
            family.add_metric((currency,), histogram.buckets(), histogram.sum)
        return family

    def _warning_family(self) -> Metric:
        family = CounterMetricFamily(
            "listing_warnings", "Values that training never saw, priced all the same.", labels=("code", "feature")
        )
        for (code, feature), count in self._warnings.items():
            family.add_metric((code, feature), count)
        return family

    def _model_family(self) -> Metric:
        family = GaugeMetricFamily("model_info", "The loaded model.", labels=("version", "digest"))
        if self._model:
            family.add_metric(self._model, 1)
        return family
