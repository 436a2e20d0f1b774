"""What a service counts of itself: its /metrics, read by Prometheus's own parser."""

from collections import defaultdict

from prometheus_client.parser import text_string_to_metric_families

from carprice.names import METRICS_PATH
from carprice.system.http import SECONDS, Address


def read_metrics(address: Address, seconds: float = SECONDS) -> dict[str, float]:
    """The samples by name, those of different labels added up; empty where it does not answer with metrics."""
    sums: dict[str, float] = defaultdict(float)
    try:
        for family in text_string_to_metric_families(address.ask("GET", METRICS_PATH, seconds=seconds).text):
            for sample in family.samples:
                sums[sample.name] += sample.value
    except (OSError, ValueError):
        return {}
    return dict(sums)
