"""The pages in a browser: what each weighs, how soon a price follows the last key, and two pictures for README.

    PYTHONPATH=src:. .venv/bin/python benchmarks/pages.py [--write]

Needs Chromium and the champion of a demo model: its cars are invented, and the pictures show them.
"""

import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click
from processes import HOST, free_port, price_service, run_server, wait_for
from table import describe_machine, format_table, print_section
from tests.browser.chromium import Browser

from carprice.errors import CarPriceError
from carprice.model.bundle.manifest import find_bundle, read_manifest
from carprice.settings import ROOT, load_settings

COMMAND = "PYTHONPATH=src:. .venv/bin/python benchmarks/pages.py --write"
PICTURES = ROOT / "docs" / "pictures"
MAX_WEIGHT = 100_000
MAX_MS = 200
KEYS = 20
WIDTH = 1000
CAR = {
    "make": "Ford",
    "model": "Fiesta",
    "year": "2017",
    "mileage": "16k",
    "transmission": "Manual",
    "fuel": "Petrol",
    "asking_price": "9,995",
}
PAGES = {
    "`/`, empty": "/",
    "`/`, with a price": f"/?{urlencode(CAR)}",
    "`/stock`": "/stock",
    "`/model`": "/model",
    "`/service`": "/service",
}
WEIGHT = """
performance.getEntriesByType("navigation").concat(performance.getEntriesByType("resource"))
  .reduce((sum, each) => sum + each.transferSize, 0)
"""
WATCH = """
(() => {
  const answer = document.getElementById("answer");
  const field = document.forms.listing.elements.mileage;
  let typed;
  window.seconds = [];
  field.addEventListener("input", () => { typed = performance.now(); }, { capture: true });
  new MutationObserver(() => {
    if (answer.classList.contains("stale") || !answer.querySelector(".price")) return;
    requestAnimationFrame(() => window.seconds.push(performance.now() - typed));
  }).observe(answer, { attributes: true, attributeFilter: ["class"] });
})()
"""


@click.command()
@click.option(
    "--write", is_flag=True, help="Also write the table to docs/benchmarks.md and the pictures to docs/."
)
def main(write: bool) -> None:
    """Measure, print one table, take the pictures; exit 1 where a limit is missed."""
    program = os.environ.get("CARPRICE_CHROMIUM") or shutil.which("chromium") or ""
    settings, machine = load_settings(os.environ), describe_machine()
    try:
        bundle = find_bundle(settings.artifacts_dir, settings.model_version)
    except CarPriceError as error:
        sys.exit(f"Error: {error}")
    if not read_manifest(bundle).get("demo"):
        sys.exit(f"Error: {bundle} is no demo model\nTrain one: ./carprice train --market demo")
    with tempfile.TemporaryDirectory() as folder:
        port, log = free_port(), Path(folder, "log")
        with run_server([sys.executable, "app.py"], log, price_service(port, bundle, Path(folder))) as process:
            url = f"http://{HOST}:{port}"
            wait_for(f"{url}/readyz", process, log)
            browser = Browser(program, Path(folder, "profile"))
            try:
                weights, times = measure_weights(browser, url), measure_keys(browser, url)
                if write:
                    take_pictures(browser, url)
            finally:
                browser.close()
    lines, reached = report(machine, weights, times)
    print_section("Pages", COMMAND, lines, write)
    sys.exit(not reached)


def measure_weights(browser: Browser, url: str) -> dict[str, int]:
    """Bytes that each page and all it loads take on the way, with nothing kept from before."""
    browser.send("Network.setCacheDisabled", cacheDisabled=True)
    found = {}
    for name, path in PAGES.items():
        browser.open("about:blank#between")
        browser.open(f"{url}{path}")
        found[name] = int(browser.run(WEIGHT))
    browser.send("Network.setCacheDisabled", cacheDisabled=False)
    return found


def measure_keys(browser: Browser, url: str) -> list[float]:
    """Milliseconds from a key in the field of the distance to the frame that shows the price."""
    browser.open(f"{url}{PAGES['`/`, with a price']}")
    browser.run(WATCH)
    field = "document.forms.listing.elements.mileage"
    for number in range(KEYS):
        browser.run(f"{field}.value = '{20 + number}'; {field}.focus()")
        browser.send("Input.insertText", text="k")
        browser.wait_for(f"window.seconds.length === {number + 1}")
    times: list[float] = browser.run("window.seconds")
    return times


def take_pictures(browser: Browser, url: str) -> None:
    """A price, and how good the model is."""
    PICTURES.mkdir(exist_ok=True)
    browser.send("Emulation.setScrollbarsHidden", hidden=True)
    for name, path, height in (("price", PAGES["`/`, with a price"], 1480), ("model", "/model", 820)):
        browser.resize(WIDTH, height)
        browser.open(f"{url}{path}")
        browser.run("document.getElementById('history')?.remove()")
        settings: dict[str, Any] = {"format": "webp", "quality": 80}
        (PICTURES / f"{name}.webp").write_bytes(browser.photograph(**settings))


def report(machine: str, weights: dict[str, int], times: list[float]) -> tuple[list[str], bool]:
    """The lines of the report, and whether the limits are kept."""
    rows = [[name, f"{size / 1000:.1f}", f"{size / MAX_WEIGHT:.2f}"] for name, size in weights.items()]
    median, slowest = statistics.median(times), max(times)
    table = format_table(["page, with all that it loads", "kB", "of 100 kB"], rows)
    heading = f"In headless Chromium, of a demo model. {machine}"
    last = (
        f"From the last key to the frame with its price, {KEYS} times: median {median:.0f} ms, "
        f"slowest {slowest:.0f} ms (the median at most {MAX_MS})."
    )
    return [heading, "", table, "", last], max(weights.values()) <= MAX_WEIGHT and median <= MAX_MS


if __name__ == "__main__":
    main()
