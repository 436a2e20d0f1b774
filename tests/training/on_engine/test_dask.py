"""Forests and whole bundles by the workers of a Dask cluster, of which some are lost: real processes over TCP."""

import signal
from functools import partial
from pathlib import Path

import pytest
from tests.training.conftest import Encoded
from tests.training.on_engine.commands import (
    CHOICE,
    HELD_OUT,
    SECONDS,
    WORK,
    Command,
    describe_bundle,
    write_listings,
)
from tests.training.on_engine.test_boosters import grow_all

from carprice.engine.start import open_engine
from carprice.market.market_file import Market
from carprice.system.waiting import wait_for
from carprice.training.forest.booster import grow_here
from carprice.training.on_engine.boosters import grow_on

distributed = pytest.importorskip("distributed", reason="needs requirements/dev.txt")

from tests.engine.cluster import Cluster, start_cluster  # noqa: E402

pytestmark = pytest.mark.slow

ROWS = 300
WORKERS = 3


def test_forests_are_those_of_this_process(cars: Encoded, tmp_path: Path) -> None:
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address="127.0.0.1:0"
        ) as cluster,
        open_engine(cluster.scheduler_address) as engine,
    ):
        assert grow_all(cars, grow_on(engine, tmp_path)) == grow_all(cars, grow_here)
        assert (engine.made, engine.found) == (4, 0)


def test_a_bundle_is_the_same_whoever_grows_it_and_whatever_workers_are_lost(
    uk: Market, tmp_path: Path, root: Path
) -> None:
    words = ("train", "--market", "uk", "--data", str(write_listings(uk, tmp_path / "cars.csv", ROWS)))
    cases = ("alone", "undisturbed", "killed", "stopped")
    alone, undisturbed, killed, stopped = (Command(root, tmp_path / name, *words) for name in cases)
    alone.run()
    with start_cluster(tmp_path / "cluster", root, WORKERS) as cluster:
        undisturbed.run("--engine", cluster.address)
        for command, how in ((killed, signal.SIGKILL), (stopped, signal.SIGSTOP)):
            command.run("--engine", cluster.address, meanwhile=partial(lose_workers, command, cluster, how))
    expected = describe_bundle(alone.artifacts)
    for command in (undisturbed, killed, stopped):
        assert describe_bundle(command.artifacts) == expected
        assert not (command.artifacts / WORK).exists()


def lose_workers(command: Command, cluster: Cluster, how: signal.Signals) -> None:
    """One at work in each step: the choice of the recipe, the pricing of held-out listings, the forest."""
    for grown in (0, CHOICE, CHOICE + HELD_OUT):
        assert wait_for(lambda grown=grown: command.count() >= grown, SECONDS)
        cluster.lose_worker(how)
        cluster.start_worker()
