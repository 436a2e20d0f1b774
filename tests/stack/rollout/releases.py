"""Releases to roll out: images good and bad, derived from the product's, and bundles to go with them."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from tests.bundles import dated_market, grow_bundle, invent_dated_listings, invent_uk_listings
from tests.stack.stacks import run

from carprice.market.market_file import load_market
from carprice.model.bundle.manifest import MANIFEST, set_champion

DOCKERFILE = """
FROM {image}
ENV FAULT={fault} CARPRICE_THREADS=64 CARPRICE_WATCHDOG_SECONDS=3
COPY faulty.py src/faulty.py
ENTRYPOINT ["python", "src/faulty.py"]
"""


class Images:
    """Images derived from the product's, each made once and taken away at the end."""

    def __init__(self, image: str, prefix: str) -> None:
        self._image = image
        self._prefix = prefix
        self._made: dict[str, str] = {}

    def make(self, fault: str = "none", name: str = "") -> str:
        """The image with that fault; another name makes another image of it."""
        key = f"{fault}|{name}"
        if key not in self._made:
            tag = f"car-price-prediction:{self._prefix}-fault-{len(self._made)}"
            text = DOCKERFILE.format(image=self._image, fault=json.dumps(fault)) + f'LABEL name="{name}"\n'
            folder = str(Path(__file__).parent)
            run(["docker", "build", "--quiet", "--tag", tag, "--file", "-", folder], input=text)
            self._made[key] = tag
        return self._made[key]

    def remove(self) -> None:
        """Take them away."""
        if self._made:
            run(["docker", "image", "rm", *self._made.values()])


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
