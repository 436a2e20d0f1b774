"""Forests grown by the workers of a Dask cluster: real processes over TCP."""

from pathlib import Path

import pytest
from tests.training.conftest import Encoded
from tests.training.on_engine.test_boosters import grow_all

from carprice.engine.start import open_engine
from carprice.training.forest.booster import grow_here
from carprice.training.on_engine.boosters import grow_on

distributed = pytest.importorskip("distributed", reason="needs requirements/dev.txt")


@pytest.mark.slow
def test_forests_are_those_of_this_process(cars: Encoded, tmp_path: Path) -> None:
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address="127.0.0.1:0"
        ) as cluster,
        open_engine(cluster.scheduler_address) as engine,
    ):
        assert grow_all(cars, grow_on(engine, tmp_path)) == grow_all(cars, grow_here)
        assert (engine.made, engine.found) == (4, 0)
