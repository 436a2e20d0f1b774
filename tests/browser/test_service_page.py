"""The page of the service in a browser: it refreshes itself, and survives a restart."""

from pathlib import Path

import pytest
from tests.api.process import Server
from tests.browser.chromium import Browser


@pytest.mark.slow
def test_it_refreshes_itself_and_survives_a_restart(
    page: Browser, root: Path, small_bundle: Path, tmp_path: Path
) -> None:
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    first = Server(root, folders[0], artifacts_dir=small_bundle, release="one").wait_up()
    running = [first]
    try:
        page.open(f"http://127.0.0.1:{first.port}/service")
        assert page.run("document.getElementById('state').innerText.includes('Ready')")
        first.price()
        page.wait_for("document.getElementById('state').innerText.includes('/predict/price')")
        running.remove(first)
        first.end()
        page.wait_for("!document.getElementById('lost').hidden")
        assert page.run("document.getElementById('lost').innerText").startswith("No answer since ")
        running.append(Server(root, folders[1], port=first.port, artifacts_dir=small_bundle, release="two"))
        running[0].wait_up()
        page.wait_for("document.getElementById('lost').hidden")
        assert page.run("document.getElementById('state').innerText.includes('two')")
    finally:
        for server in running:
            server.end()
    # The browser notes every request that nobody answered: those were wanted.
    page.complaints[:] = [
        text for text in page.complaints if "ERR_CONNECTION" not in text and "ERR_EMPTY" not in text
    ]
