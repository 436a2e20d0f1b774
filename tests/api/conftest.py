"""Apps over small bundles, with logs of their own, closed after the test."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from tests.api.calls import WAYS, find_state

from carprice.api.serving.app import create_app
from carprice.settings import Settings

POLL_SECONDS = 0.02

MakeApp = Callable[..., Flask]


def wait_until(is_so: Callable[[], Any], seconds: float = 60) -> Any:
    """The first true value of is_so(); fails after the deadline."""
    deadline = time.monotonic() + seconds
    while not (found := is_so()):
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(POLL_SECONDS)
    return found


@pytest.fixture
def make_app(small_bundle: Path, tmp_path: Path) -> Iterator[MakeApp]:
    """Make an app over the small uk bundle, or other settings."""
    apps = []

    def make(**changes: Any) -> Flask:
        changes = {
            "artifacts_dir": small_bundle,
            "logs_dir": tmp_path / "logs",
            "var_dir": tmp_path / "var",
            "release": "r1",
            **changes,
        }
        apps.append(create_app(Settings(**changes)))
        return apps[-1]

    yield make
    for app in apps:
        find_state(app).close()


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """The app over the small uk bundle."""
    return make_app()


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Callable[[Flask], Any]:
    """Both ways of an app to answer POST /predict/price."""
    return WAYS[request.param]
