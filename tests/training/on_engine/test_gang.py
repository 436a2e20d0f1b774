"""Boosters that several workers grow together: the same trees for all, and no hang where one is lost."""

import signal
import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.training.conftest import QUICK, SEED, Encoded

from carprice.engine.engine import Engine, Parts
from carprice.engine.start import open_engine
from carprice.engine.steps import Step
from carprice.errors import EngineError
from carprice.frames.scoring import score_matrix
from carprice.model.forest.price_forest import PriceForest
from carprice.system.waiting import wait_for
from carprice.training.columns import Rows
from carprice.training.forest.booster import Booster, Grow, Job, Plan, grow_here
from carprice.training.forest.growing import grow_forest, grow_forests
from carprice.training.forest.reduced import Lacking
from carprice.training.on_engine import gang
from carprice.training.on_engine.gang import grow_in_gang, join_gang

MEMBERS = 2
RECIPE = replace(QUICK, trees=15, fits=1)
SECONDS = 120


def grow_one(cars: Encoded, grow: Grow) -> dict[str, Any]:
    return grow_forest(cars.rows, cars.columns, cars.scaler, RECIPE, SEED, grow)


def gang_of(engine: Engine, work: Path) -> Grow:
    work.mkdir(exist_ok=True)
    return grow_in_gang(engine, work, MEMBERS, min_rows=1_000, minutes=1)


def measure_error(rows: Rows, cars: Encoded, parts: dict[str, Any]) -> float:
    forest = PriceForest(parts, cars.columns.names, cars.scaler)
    return float(np.abs(score_matrix(rows.matrix.copy(), forest)[0] - rows.target).mean())


@pytest.mark.slow
def test_they_have_the_same_trees_every_time_as_good_as_those_of_one(
    cars: Encoded, other_cars: Rows, tmp_path: Path
) -> None:
    alone = grow_one(cars, grow_here)
    with open_engine(workers=MEMBERS) as engine:
        together = grow_one(cars, gang_of(engine, tmp_path / "one"))
        assert engine.made == MEMBERS
        assert grow_one(cars, gang_of(engine, tmp_path / "other")) == together
        made = engine.made
        assert grow_one(cars, gang_of(engine, tmp_path / "other")) == together
        assert engine.made == made, "what is there is not grown again"
    assert together["trees"] != alone["trees"]
    assert measure_error(other_cars, cars, together) < 1.1 * measure_error(other_cars, cars, alone)
    assert not list((tmp_path / "one").glob("meeting-*"))


@pytest.mark.slow
def test_boosters_of_few_listings_are_those_of_one_worker(cars: Encoded, tmp_path: Path) -> None:
    few = cars.rows.take(np.arange(900))
    jobs = [Job(few, RECIPE, SEED), Job(cars.rows, RECIPE, SEED)]
    with open_engine(workers=MEMBERS) as engine:
        small, _ = grow_forests(jobs, cars.columns, cars.scaler, gang_of(engine, tmp_path))
    assert small == grow_forest(few, cars.columns, cars.scaler, RECIPE, SEED)


@pytest.mark.slow
def test_what_no_listing_has_is_no_category(cars: Encoded, tmp_path: Path) -> None:
    """LightGBM ends a process that finds none of a category's values while others do its work too."""
    lacking = Lacking([*cars.columns.optional], [])
    plan = Plan(grow_one(cars, grow_here), 0.0)
    assert plan.parts["wide"], "numbers that are categories too"
    with open_engine(workers=MEMBERS) as engine:
        [text] = gang_of(engine, tmp_path)([Booster(Job(cars.rows, RECIPE, SEED), cars.columns, plan, 0, lacking)])
    assert text.count("Tree=") == RECIPE.trees


def test_too_few_workers_are_told_so(cars: Encoded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gang, "MEETING_SECONDS", -59.9)
    with (
        open_engine(workers=1) as engine,
        pytest.raises(EngineError, match=r"A gang of 2 workers: 1 came within 0\.1 s"),
    ):
        grow_one(cars, gang_of(engine, tmp_path))


class LosesOne(Engine):
    """An engine whose first gang has one member that hangs up as soon as another calls."""

    gangs = 0

    def map(self, function: Step, parts: Parts, work: Path, **settings: Any) -> list[Path]:
        parts = list(parts)
        self.gangs += function is join_gang
        if function is not join_gang or self.gangs > 1:
            return super().map(function, parts, work, **settings)
        with socket.create_server(("127.0.0.1", 0)) as server:
            threading.Thread(target=hang_up, args=[server], daemon=True).start()
            own = parts.pop().settings
            (Path(own["meeting"]) / str(own["rank"])).write_text(f"127.0.0.1:{server.getsockname()[1]}")
            return super().map(function, parts, work, **settings)


def hang_up(server: socket.socket) -> None:
    """Answer the first call with a reset."""
    caller, _ = server.accept()
    caller.recv(4)
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    caller.close()


@pytest.mark.slow
def test_one_that_broke_up_is_tried_once_more(cars: Encoded, tmp_path: Path) -> None:
    with open_engine(workers=MEMBERS) as engine:
        expected = grow_one(cars, gang_of(engine, tmp_path / "whole"))
        faulty = LosesOne(engine._executor, engine._alone)
        assert grow_one(cars, gang_of(faulty, tmp_path / "lost")) == expected
    assert faulty.gangs == 2


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_a_member_that_is_lost_costs_no_booster(
    how: signal.Signals, cars: Encoded, tmp_path: Path, root: Path
) -> None:
    cluster_of = pytest.importorskip("tests.engine.cluster", reason="needs requirements/dev.txt").start_cluster
    with open_engine(workers=MEMBERS) as engine:
        expected = grow_one(cars, gang_of(engine, tmp_path / "whole"))
    work = tmp_path / "lost"
    with (
        cluster_of(tmp_path / "cluster", root, 3) as cluster,
        open_engine(cluster.address) as engine,
        ThreadPoolExecutor(1) as pool,
    ):
        grown = pool.submit(grow_one, cars, gang_of(engine, work))
        assert wait_for(
            lambda: len([*work.glob("meeting-*/[01]")]) == MEMBERS, SECONDS, pause=0.01, max_pause=0.01
        )
        cluster.lose_worker(how)
        assert grown.result(SECONDS) == expected
