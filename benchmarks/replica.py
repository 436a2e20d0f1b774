"""Starts the service in its container, uses it a little, and prints seconds and memory as JSON. See image.py."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

URL = "http://localhost:5000"
PATHS = ("/info/model", "/metrics", "/api/openapi.json", "/", "/api/docs")
PAUSE = 0.005
PRICES = 2000


def ask(path: str, data: Any = None) -> bytes:
    """The body of a good answer."""
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(URL + path, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return bytes(answer.read())


def wait_for_status(deadline: float) -> None:
    """Return at the first 200."""
    while time.monotonic() < deadline:
        try:
            ask("/info/status")
        except OSError:
            time.sleep(PAUSE)
        else:
            return
    sys.exit("no 200 within a minute")


def use() -> None:
    """Every kind of answer, and some prices."""
    fields = json.loads(ask("/info/features"))["fields"]
    listing = {field["name"]: field["values"][0] if "values" in field else field["typical"] for field in fields}
    for path in PATHS:
        ask(path)
    for _ in range(PRICES):
        ask("/predict/price", listing)


def list_family(process: int) -> list[int]:
    """A process and those that it started."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except FileNotFoundError:
            continue
    family = [process]
    for member in family:
        family += [number for number, parent in parents.items() if parent == member]
    return family


def read_memory(process: int) -> tuple[float, float]:
    """PSS and RSS in megabytes."""
    lines = (Path("/proc") / str(process) / "smaps_rollup").read_text().splitlines()[1:]
    sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 / 1e6 for line in lines}
    return sizes["Pss"], sizes["Rss"]


def main() -> None:
    """Measure once."""
    started = time.monotonic()
    service = subprocess.Popen([sys.executable, "app.py"], stdout=subprocess.DEVNULL)
    wait_for_status(started + 60)
    seconds = time.monotonic() - started
    use()
    pss, rss = zip(*(read_memory(number) for number in list_family(service.pid)), strict=True)
    service.terminate()
    service.wait()
    print(json.dumps({"seconds": seconds, "pss": pss, "rss": rss}))


if __name__ == "__main__":
    main()
