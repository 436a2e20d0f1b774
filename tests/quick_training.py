"""Whole trainings that take a second: the recipe is given, for tests that are not about the choice of one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from tests.bundles import RECIPE

from carprice.training import fit
from carprice.training.forest.recipes import Recipe

FASTER = replace(RECIPE, trees=25)


def give(recipe: Recipe) -> Callable[..., Any]:
    """A choice of recipes that has one result."""
    return lambda *_: (recipe, {recipe.name: 0.1})


@contextmanager
def train_quickly(recipe: Recipe = FASTER) -> Iterator[None]:
    """Every training of this process takes the recipe."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "choose_recipe", give(recipe))
        yield
