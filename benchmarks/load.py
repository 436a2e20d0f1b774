"""Load on one URL with wrk, each request with another body."""

import json
import re
import shutil
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from carprice.errors import CarPriceError

SCRIPT = Path(__file__).with_name("cycle.lua")


@dataclass(frozen=True)
class Round:
    """One stretch of load: requests a second, and latencies in milliseconds."""

    rate: float
    p50: float
    p99: float
    failed: int


def require_wrk() -> None:
    """Raises CarPriceError where wrk is missing."""
    if shutil.which("wrk") is None:
        raise CarPriceError("wrk is not installed", "Install it: apt-get install wrk")


def write_bodies(path: Path, bodies: Sequence[Any]) -> Path:
    """A file with one JSON body a line."""
    path.write_text("".join(f"{json.dumps(body)}\n" for body in bodies))
    return path


def send_load(
    url: str, bodies: Path, connections: int, seconds: int, key: str = "", pause_ms: int | None = None
) -> Round:
    """Keep so many connections busy for so long with the bodies in turn.

    key: an API key that each request brings. pause_ms: before each request, where the load should have a rate.
    """
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s"]
    argv += ["-s", str(SCRIPT), url, "--", str(bodies)]
    if key or pause_ms is not None:
        argv.append(f"Bearer {key}" if key else "None")
    if pause_ms is not None:
        argv.append(str(pause_ms))
    output = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    found = re.search(r"^figures (\d+) (\d+) (\d+) (\d+) (\d+)$", output, re.MULTILINE)
    if found is None:
        raise CarPriceError(f"wrk said nothing of its figures: {output}")
    requests, microseconds, p50, p99, failed = map(int, found.groups())
    return Round(requests / microseconds * 1e6, p50 / 1000, p99 / 1000, failed)


def middle(rounds: Sequence[Round]) -> Round:
    """The median of each figure; the failures together."""
    return Round(
        statistics.median(one.rate for one in rounds),
        statistics.median(one.p50 for one in rounds),
        statistics.median(one.p99 for one in rounds),
        sum(one.failed for one in rounds),
    )
