"""What a service counts of itself: its /metrics, read by Prometheus's own parser."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from math import ceil, isfinite

from prometheus_client.parser import text_string_to_metric_families

from carprice.names import METRICS_PATH, PROBE_PATHS
from carprice.ops.requests import RequestStats
from carprice.system.http import SECONDS, Address

DURATIONS = "http_server_request_duration_seconds"
SERVER_ERROR = "5"
LONGER_MS = 60_000
"""Stands for what took longer than the last bucket."""


def read_metrics(address: Address, seconds: float = SECONDS) -> dict[str, float]:
    """The samples by name, those of different labels added up; empty where it does not answer with metrics."""
    sums: dict[str, float] = defaultdict(float)
    for name, _, value in _read_samples(address, seconds):
        sums[name] += value
    return dict(sums)


def read_requests(address: Address, seconds: float = SECONDS) -> RequestStats:
    """The requests that a service answered since its start, but for probes; times as its buckets have them."""
    stats = RequestStats()
    passed: Counter[tuple[str, ...]] = Counter()
    for name, labels, value in _read_samples(address, seconds):
        if name != f"{DURATIONS}_bucket" or labels["http_route"] in PROBE_PATHS | {METRICS_PATH}:
            continue
        series = (labels["http_request_method"], labels["http_route"], labels["http_response_status_code"])
        count, bound = round(value) - passed[series], float(labels["le"])
        passed[series] = round(value)
        stats.requests += count
        stats.failed += count if series[-1].startswith(SERVER_ERROR) else 0
        stats.took[ceil(1000 * bound) if isfinite(bound) else LONGER_MS] += count
    return stats


def _read_samples(address: Address, seconds: float) -> Iterator[tuple[str, dict[str, str], float]]:
    """Name, labels and value of each sample, in order; none where it does not answer with metrics."""
    try:
        text = address.ask("GET", METRICS_PATH, seconds=seconds).text
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    except (OSError, ValueError):
        return
    for sample in samples:
        yield sample.name, sample.labels, sample.value
