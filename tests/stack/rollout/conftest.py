"""One stack for all scenarios, releases good and bad to roll out on it, and bundles to go with them."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.bundles import dated_market, grow_bundle, invent_dated_listings, invent_uk_listings
from tests.stack.conftest import PREFIX
from tests.stack.rollout.site import Site
from tests.stack.stacks import run

from carprice.market.market import load_market
from carprice.model.manifest import MANIFEST, read_manifest, set_champion

DOCKERFILE = """
FROM {image}
ENV FAULT={fault} CARPRICE_THREADS=64 CARPRICE_WATCHDOG_SECONDS=3
COPY faulty.py src/faulty.py
CMD ["python", "src/faulty.py"]
"""


class Images:
    """Images derived from the product's, each made once and taken away at the end."""

    def __init__(self, image: str) -> None:
        self._image = image
        self._made: dict[str, str] = {}

    def make(self, fault: str = "none", name: str = "") -> str:
        """The image with that fault; another name makes another image of it."""
        key = f"{fault}|{name}"
        if key not in self._made:
            tag = f"car-price-prediction:{PREFIX}-fault-{len(self._made)}"
            text = DOCKERFILE.format(image=self._image, fault=json.dumps(fault)) + f'LABEL name="{name}"\n'
            folder = str(Path(__file__).parent)
            run(["docker", "build", "--quiet", "--tag", tag, "--file", "-", folder], input=text)
            self._made[key] = tag
        return self._made[key]

    def remove(self) -> None:
        """Take them away."""
        if self._made:
            run(["docker", "image", "rm", *self._made.values()])


@pytest.fixture(scope="package")
def images(image: str) -> Iterator[Images]:
    """Good and bad images."""
    made = Images(image)
    yield made
    made.remove()


@dataclass(frozen=True)
class Bundles:
    """The models of the stack, by version. champion is live first; the damaged ones are refused."""

    folder: Path
    champion: str
    other: str
    dearer: str
    foreign: str

    def damage(self, version: str, **manifest: Any) -> Path:
        """A copy of the other bundle with these members in its manifest; returns its folder."""
        copy = self.folder / version
        shutil.copytree(self.folder / self.other, copy)
        path = copy / MANIFEST
        path.write_text(json.dumps({**json.loads(path.read_text()), "version": version, **manifest}))
        return copy


def grow_bundles(folder: Path, markets_dir: Path) -> Bundles:
    """Four models: two alike, one with prices 40 % higher, one of another market."""
    uk = load_market("uk", markets_dir)
    cars = invent_uk_listings(uk)
    champion = grow_bundle(folder, cars, uk)
    other = grow_bundle(folder, cars, uk, trees=50)
    dearer = grow_bundle(folder, cars.with_columns(pl.col("price") * 1.4), uk)
    foreign = grow_bundle(folder, invent_dated_listings(), dated_market())
    set_champion(folder, champion)
    return Bundles(folder, champion, other, dearer, foreign)


@pytest.fixture(scope="package")
def lasting_site(
    root: Path, markets_dir: Path, tmp_path_factory: pytest.TempPathFactory, images: Images
) -> Iterator[Site]:
    """The stack of all scenarios: release r1, two replicas, no MLflow."""
    with open_site(root, tmp_path_factory.mktemp("site"), markets_dir, images) as site:
        yield site


@contextmanager
def open_site(root: Path, parent: Path, markets_dir: Path, images: Images) -> Iterator[Site]:
    """A stack that serves `local`, taken away again whatever happens."""
    site = Site(root, parent / "site", f"{PREFIX}-{parent.name}", "")
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
