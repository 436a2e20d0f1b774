"""One stack for all scenarios, and the releases to roll out on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.stack.conftest import PREFIX
from tests.stack.rollout.releases import Images, grow_bundles
from tests.stack.rollout.site import Site

from carprice.model.bundle.manifest import read_manifest


@pytest.fixture(scope="package")
def images(image: str) -> Iterator[Images]:
    """Good and bad images."""
    made = Images(image, PREFIX)
    yield made
    made.remove()


@pytest.fixture(scope="package")
def lasting_site(
    root: Path, markets_dir: Path, tmp_path_factory: pytest.TempPathFactory, images: Images
) -> Iterator[Site]:
    """The stack of all scenarios: release r1, two replicas, no MLflow."""
    with open_site(root, tmp_path_factory.mktemp("site"), markets_dir, images) as site:
        yield site


@contextmanager
def open_site(root: Path, parent: Path, markets_dir: Path, images: Images, **settings: str) -> Iterator[Site]:
    """A stack that serves `local`, taken away again whatever happens."""
    site = Site(root, parent / "site", f"{PREFIX}-{parent.name}", "")
    site.settings |= settings
    try:
        site.pin()
        site.bundles = grow_bundles(site.folder / "artifacts", markets_dir)
        golden = read_manifest(site.folder / "artifacts" / site.bundles.champion)["golden"]
        site.listing = golden[0]["listing"]
        site.write_env(f"IMAGE={images.make(name='a')}\n")
        site.up("edge", "car-price-api")
        site.wait_ready(replicas=2)
        # What runs is pinned by the first command that acts.
        done = site.carprice("rollout", "--image", images.make(name="a"))
        assert done.stdout == "local is live already; nothing to do\n", done.stderr
        yield site
    finally:
        site.remove()


@pytest.fixture
def site(lasting_site: Site) -> Iterator[Site]:
    """The stack of all scenarios, which each leaves as a rollout always leaves it: plain."""
    lasting_site.set_limits()
    yield lasting_site
    lasting_site.check_plain()
