"""The page of the service, in a browser, while a rollout runs."""

import pytest
from tests.browser.chromium import Browser
from tests.browser.conftest import browser, page
from tests.stack.rollout.releases import Images
from tests.stack.rollout.site import Site

pytestmark = pytest.mark.scenarios
__all__ = ["browser", "page"]

ROWS = (
    "[...document.querySelectorAll('.words tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText))"
)
BAKE_SECONDS = 8


def test_the_page_follows_a_rollout(site: Site, images: Images, page: Browser) -> None:
    page.open(f"http://127.0.0.1:{site.port}/service")
    page.wait_for(f"{ROWS}.filter((row) => row[1] === 'live' && row[4] === 'ready').length === 2")
    site.set_limits(bake=BAKE_SECONDS)
    rollout = site.begin("rollout", "--image", site.other_image(images), "--json")
    page.wait_for(f"{ROWS}.some((row) => row[1] === 'candidate' && row[4] === 'ready')")
    page.wait_for(f"{ROWS}.some((row) => row[3]?.startsWith('under way, after '))")
    done = rollout.finish()
    assert done.code == 0, done.stderr
    release, requests = done.json()["release"], done.json()["proof"]["requests"]
    proof = f"['{release}', 'live', '{requests:,}', '0']"
    page.wait_for(f"{ROWS}.some((row) => `${{[row[0], row[3], row[5], row[6]]}}` === `${{{proof}}}`)")
    page.wait_for(f"!{ROWS}.some((row) => row[1] === 'candidate')")
    assert page.run("document.getElementById('lost').hidden"), "it always had an answer"
