"""Bundles to work on, and to damage."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from carprice.model.bundle.contents import Bundle, read_bundle
from carprice.model.bundle.manifest import champion_version, find_bundle
from carprice.model.pricer import Pricer, load_pricer


@pytest.fixture(scope="session")
def pricer(small_bundle: Path) -> Pricer:
    """The uk market's pricer."""
    return load_pricer(find_bundle(small_bundle))


@pytest.fixture(scope="session")
def dated_pricer(dated_bundle: Path) -> Pricer:
    """The pricer of the market with flags, dates and optional values."""
    return load_pricer(find_bundle(dated_bundle))


@pytest.fixture(scope="session")
def bundle(small_bundle: Path) -> Bundle:
    """What its files hold."""
    return read_bundle(find_bundle(small_bundle))


@pytest.fixture(params=["pricer", "dated_pricer"])
def any_pricer(request: pytest.FixtureRequest) -> Pricer:
    """Either of these."""
    found: Pricer = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def artifacts(small_bundle: Path, tmp_path: Path) -> Path:
    """An artifacts folder of the test's own, with one champion of the uk market."""
    return Path(shutil.copytree(small_bundle, tmp_path / "artifacts"))


@pytest.fixture
def bundle_folder(artifacts: Path) -> Path:
    """The champion's folder in it."""
    return artifacts / (champion_version(artifacts) or "")


@pytest.fixture
def open_artifacts(small_bundle: Path) -> Iterator[Path]:
    """An artifacts folder of the test's own that any user can reach, unlike those of pytest."""
    if os.getuid() != 0:
        pytest.skip("needs root, to become another user")
    with tempfile.TemporaryDirectory(prefix="carprice-") as folder:
        Path(folder).chmod(0o755)
        yield Path(shutil.copytree(small_bundle, Path(folder) / "artifacts"))


@pytest.fixture
def titled_copy(titled_bundle: Path, tmp_path: Path) -> Path:
    """The folder of a copy of the bundle with a text, to be damaged."""
    shutil.copytree(titled_bundle, tmp_path / "titled")
    return find_bundle(tmp_path / "titled")
