"""How much memory this process may still take."""

from pathlib import Path

import psutil

MANY_ROWS = 1_000_000
"""From so many rows on memory comes before time."""
LIMITS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)
"""Limit and usage of a container's memory, by version of cgroups."""


def measure_free() -> int:
    """Bytes that are free on the machine, or in the container where that has less."""
    return min([psutil.virtual_memory().available, *_measure_limits()])


def _measure_limits() -> list[int]:
    found = []
    for limit, usage in LIMITS:
        try:
            found.append(max(int(Path(limit).read_text()) - int(Path(usage).read_text()), 0))
        except (OSError, ValueError):  # no such cgroup, or no limit: "max"
            continue
    return found
