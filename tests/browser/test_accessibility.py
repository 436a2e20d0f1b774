"""Every page in each of its states, by the rules of axe-core, which AXE names: no test package has it.

`npm install axe-core`, then AXE=node_modules/axe-core/axe.min.js.
"""

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.browser.chromium import Browser
from tests.model.cars import UK_CAR, change

RULES = (
    "{runOnly: {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}}"
)
STATES = {
    "empty": "/",
    "price": f"/?{urlencode(change(UK_CAR, asking_price=9_000))}",
    "warning": f"/?{urlencode(change(UK_CAR, model='Fiista', mileage=45))}",
    "wrong": f"/?{urlencode(change(UK_CAR, year=1900))}",
    "model": "/model",
    "service": "/service",
    "stock": "/stock",
}


@pytest.fixture(scope="module")
def axe() -> str:
    path = os.environ.get("AXE", "")
    if not path:
        pytest.skip("no axe-core; AXE names its axe.min.js")
    return Path(path).read_text()


@pytest.fixture(scope="module")
def url(serve: Callable[[Path], str], small_bundle: Path) -> str:
    return serve(small_bundle)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("state", STATES)
def test_a_page_has_no_findings(page: Browser, url: str, axe: str, state: str, width: int, scheme: str) -> None:
    page.resize(width, 900)
    page.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    try:
        page.open(f"{url}{STATES[state]}")
        page.run(f"{axe};0")
        found = page.run(f"axe.run(document, {RULES}).then((done) => done.violations.map((each) => each.id))")
        assert page.run("document.documentElement.scrollWidth <= innerWidth"), "nothing hangs over the edge"
    finally:
        page.send("Emulation.setEmulatedMedia", features=[])
    assert found == []
