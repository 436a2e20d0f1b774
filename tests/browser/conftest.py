"""A real browser on real servers."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.api.process import Server
from tests.browser.chromium import Browser


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for all tests."""
    program = os.environ.get("CARPRICE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium; install it: apt-get install chromium")
    opened = Browser(program, tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Browser]:
    """The browser, of which the page under test must neither complain nor ask another host."""
    browser.requests.clear()
    browser.complaints.clear()
    yield browser
    assert browser.complaints == []
    assert [url for url in browser.requests if not url.startswith(("http://127.0.0.1:", "data:"))] == []
    browser.send("Page.navigate", url="about:blank")


@pytest.fixture(scope="session")
def serve(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], str]]:
    """Serve an artifacts folder with `python app.py`; returns the URL."""
    servers: list[Server] = []

    def start(artifacts: Path) -> str:
        servers.append(Server(root, tmp_path_factory.mktemp("server"), artifacts_dir=artifacts).wait_up())
        return f"http://127.0.0.1:{servers[-1].port}"

    yield start
    for server in servers:
        server.end()
