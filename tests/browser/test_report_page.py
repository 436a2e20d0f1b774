"""The page of the valuation report, in a browser."""

from pathlib import Path

import pytest
from tests.browser.chromium import Browser
from tests.bundles import invent_uk_listings

from carprice.evaluation.page import render_page
from carprice.evaluation.report import build_report
from carprice.model.bundle.manifest import champion_version
from carprice.model.pricer import load_pricer


@pytest.fixture(scope="module")
def report_page(small_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pricer = load_pricer(small_bundle / (champion_version(small_bundle) or ""))
    report = build_report(invent_uk_listings(pricer.market, 1000, seed=9), pricer)
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_page(report, pricer.market, pricer.manifest["importance"], pricer.version))
    return path


@pytest.mark.parametrize(("width", "plots"), [(1280, 2), (375, 1)], ids=["screen", "telephone"])
def test_it_fits_and_asks_nobody(browser: Browser, report_page: Path, width: int, plots: int) -> None:
    browser.requests.clear()
    browser.complaints.clear()
    browser.resize(width, 800)
    browser.open(report_page.as_uri())
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")
    first_row = (
        "new Set([...document.querySelectorAll('figure')].map(item => item.getBoundingClientRect().left)).size"
    )
    assert browser.run(first_row) == plots
    assert browser.complaints == []
    assert browser.requests == [report_page.as_uri()]


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
def test_it_is_light_or_dark(browser: Browser, report_page: Path, scheme: str, is_dark: bool) -> None:
    browser.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.open(report_page.as_uri())
    sum_of = "(colour => colour.match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0))"
    paper, letters, in_plot = (
        browser.run(f"{sum_of}({value})")
        for value in (
            "getComputedStyle(document.body).backgroundColor",
            "getComputedStyle(document.body).color",
            "getComputedStyle(document.querySelector('svg text')).fill",
        )
    )
    assert (paper < letters) == is_dark
    assert letters == in_plot
    browser.send("Emulation.setEmulatedMedia", features=[])
