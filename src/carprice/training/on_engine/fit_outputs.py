"""What the steps within a fit write, and how it is read again: the choice of a recipe, and held-out listings."""

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

import polars as pl

from carprice.training.forest.recipes import Recipe
from carprice.training.held_out import HeldOut, Versions

COSTS = "costs.json"
VERSIONS = "versions.parquet"


def write_choice(choice: tuple[Recipe, dict[str, float]], path: Path) -> None:
    """A file of the recipe, and of the errors of all that were tried."""
    recipe, errors = choice
    path.write_text(json.dumps([asdict(recipe), errors]))


def read_choice(path: Path) -> tuple[Recipe, dict[str, float]]:
    """The choice of write_choice."""
    recipe, errors = json.loads(path.read_text())
    return Recipe(**recipe), errors


def write_held(held: HeldOut, folder: Path) -> None:
    """A folder with the versions of the listings, a row each, and the costs."""
    folder.mkdir()
    pl.DataFrame({each.name: getattr(held, each.name) for each in fields(Versions)}).write_parquet(
        folder / VERSIONS
    )
    (folder / COSTS).write_text(json.dumps(held.costs))


def read_held(folder: Path, names: Sequence[str]) -> HeldOut:
    """The listings of write_held. names: of the columns, whose texts a bundle has once."""
    versions = pl.read_parquet(folder / VERSIONS)
    arrays = {name: versions[name].to_numpy(writable=True) for name in versions.columns}
    costs = json.loads((folder / COSTS).read_text())
    return HeldOut(**arrays, costs={name: costs[name] for name in ("", *names) if name in costs})
