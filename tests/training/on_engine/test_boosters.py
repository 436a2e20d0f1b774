"""Forests grown on an engine: those of this process to the last byte, and none of them twice."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.training.conftest import QUICK, SEED, Encoded

from carprice.engine.engine import Progress
from carprice.engine.start import open_engine
from carprice.training.forest import booster
from carprice.training.forest.booster import Grow, Job, grow_here
from carprice.training.forest.growing import grow_forests
from carprice.training.held_out import HeldOut
from carprice.training.on_engine.boosters import grow_and_keep, grow_on
from carprice.training.on_engine.work import GROWING, EngineChoice, open_work
from carprice.training.uncertainty import fit_range

RECIPES = (replace(QUICK, trees=5, fits=2), replace(QUICK, name="free", trees=5, wide=True, free_years=True))


def grow_all(cars: Encoded, grow: Grow) -> list[dict[str, Any]]:
    """Two forests of the same listings, and one of a part of them."""
    jobs = [Job(cars.rows, recipe, SEED) for recipe in RECIPES]
    jobs.append(Job(cars.rows.take(np.arange(0, len(cars.rows), 2)), RECIPES[0], SEED, fits=1))
    return grow_forests(jobs, cars.columns, cars.scaler, grow)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_forests_are_those_of_this_process(cars: Encoded, tmp_path: Path, workers: int) -> None:
    with open_engine(workers=workers) as engine:
        assert grow_all(cars, grow_on(engine, tmp_path)) == grow_all(cars, grow_here)
        assert (engine.made, engine.found) == (4, 0)


def test_spread_forests_are_those_of_this_process(cars: Encoded, held: HeldOut, tmp_path: Path) -> None:
    with open_engine(workers=1) as engine:
        found = fit_range(held, cars.columns, ["model"], SEED, grow_on(engine, tmp_path))
        assert (engine.made, engine.found) == (6, 0)
    assert found == fit_range(held, cars.columns, ["model"], SEED)


def test_what_this_process_keeps_an_engine_finds(cars: Encoded, tmp_path: Path) -> None:
    kept = grow_all(cars, grow_and_keep(tmp_path))
    assert {path.name.rpartition("-")[0] for path in tmp_path.iterdir()} == {"grow_booster"}
    assert kept == grow_all(cars, grow_here)
    with open_engine(workers=1) as engine:
        assert grow_all(cars, grow_on(engine, tmp_path)) == kept
        assert (engine.made, engine.found) == (0, 4)


def test_what_is_there_is_not_grown_again_and_another_recipe_is(cars: Encoded, tmp_path: Path) -> None:
    with open_engine(workers=1) as engine:
        grow = grow_on(engine, tmp_path)
        first = grow_all(cars, grow)
        assert grow_all(cars, grow) == first
        assert (engine.made, engine.found) == (4, 4)
        grow_forests([Job(cars.rows, replace(RECIPES[0], leaves=7), SEED)], cars.columns, cars.scaler, grow)
        assert (engine.made, engine.found) == (6, 4)


def test_each_matrix_is_written_once(cars: Encoded, tmp_path: Path) -> None:
    with open_engine(workers=1) as engine:
        grow_all(cars, grow_on(engine, tmp_path))
    names = [path.name.rpartition("-")[0] for path in tmp_path.iterdir()]
    counts = {name: names.count(name) for name in names}
    assert counts == {"matrix": 2, "target": 2, "plan": 3, "grow_booster": 4}


def test_of_many_listings_the_threads_are_those_of_this_process(
    cars: Encoded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booster, "MANY_ROWS", 1)
    with open_engine(workers=1) as engine:
        many = grow_all(cars, grow_on(engine, tmp_path))
    assert many == grow_all(cars, grow_here)


def test_without_an_engine_it_is_shown_how_many_are_grown(cars: Encoded, tmp_path: Path) -> None:
    shown: list[Progress] = []
    with open_work(EngineChoice(show=shown.append), tmp_path, "uk") as work:
        forests = grow_all(cars, work.grow)
    assert forests == grow_all(cars, grow_here)
    assert [(each.done, each.parts, each.made) for each in shown] == [(n, 4, n) for n in range(5)]
    assert shown[0].rows < shown[1].rows < shown[-1].rows
    assert all(each.is_all and each.step == GROWING for each in shown)
