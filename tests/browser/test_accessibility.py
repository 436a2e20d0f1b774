"""Every page in each of its states, by the rules of axe-core, which AXE names: .ci/run installs it.

`npm ci --prefix tests/browser`, then AXE=tests/browser/node_modules/axe-core/axe.min.js.
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
    "priced stock": "/stock",
    "refused stock": "/stock",
    "no model": "/",
    "service without a model": "/service",
}
FILES = {
    "priced stock": "make,model,year,mileage\nFord,Fiesta,2017,15k\nLada,x,,\nAudi,A4,2018,20\n",
    "refused stock": "colour\nred\n",
}
"""What is chosen on the page."""


@pytest.fixture(scope="module")
def axe() -> str:
    path = os.environ.get("AXE", "")
    if not path or not Path(path).exists():
        pytest.skip("no axe-core; AXE names its axe.min.js")
    return Path(path).read_text()


@pytest.fixture(scope="module")
def urls(
    serve: Callable[[Path], str], small_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[bool, str]:
    """By whether there is a model."""
    return {True: serve(small_bundle), False: serve(tmp_path_factory.mktemp("none"))}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("state", STATES)
def test_a_page_has_no_findings(
    page: Browser, urls: dict[bool, str], axe: str, tmp_path: Path, state: str, width: int, scheme: str
) -> None:
    page.resize(width, 900)
    page.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    try:
        page.open(f"{urls['no model' not in state and 'without' not in state]}{STATES[state]}")
        if state in FILES:
            path = tmp_path / "cars.csv"
            path.write_text(FILES[state])
            page.choose_file(path)
            page.wait_for("document.querySelector('.stock tbody, [role=alert], .problem')")
        page.run(f"{axe};0")
        found = page.run(f"axe.run(document, {RULES}).then((done) => done.violations.map((each) => each.id))")
        assert page.run("document.documentElement.scrollWidth <= innerWidth"), "nothing hangs over the edge"
    finally:
        page.send("Emulation.setEmulatedMedia", features=[])
    assert found == []
    page.complaints[:] = [text for text in page.complaints if "503" not in text]  # the browser notes each
