"""The same steps on the workers of a Dask cluster: real processes over TCP."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

distributed = pytest.importorskip("distributed", reason="needs requirements/dev.txt")

import dask  # noqa: E402
from tests.engine.cluster import Cluster, start_cluster  # noqa: E402
from tests.engine.example_steps import double, end_process, refuse, scatter, write_slowly  # noqa: E402

from carprice.engine import engine as engine_module  # noqa: E402
from carprice.engine.start import open_engine  # noqa: E402
from carprice.errors import EngineError, ListingsError  # noqa: E402
from carprice.system.waiting import wait_for  # noqa: E402

SECONDS = 60


@pytest.fixture(scope="module")
def cluster() -> Iterator["distributed.LocalCluster"]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as cluster:
        yield cluster


def test_outputs_are_those_of_this_machine(cluster, parts, tmp_path):
    found = []
    for number, address in enumerate(("local", cluster.scheduler_address)):
        work = tmp_path / f"work{number}"
        work.mkdir()
        with open_engine(address, workers=1) as engine:
            outputs = engine.map(double, parts, work)
            folders = engine.map(scatter, outputs, work)
            whole = engine.one(double, outputs, work, times=1)
            assert (engine.made, engine.found) == (9, 0)
            engine.map(double, parts, work)
            assert (engine.made, engine.found) == (9, 4)
        texts = [path.read_text() for folder in folders for path in sorted(folder.iterdir())]
        found.append((whole.name, whole.read_text(), texts))
    assert found[0] == found[1]


def test_a_worker_that_is_killed_is_replaced(cluster, parts, tmp_path):
    switch, mark = tmp_path / "switch", tmp_path / "mark"
    switch.touch()

    def make_parts():
        yield from parts
        assert wait_for(mark.exists, SECONDS)
        switch.unlink()
        os.kill(int(mark.read_text()), signal.SIGKILL)

    with open_engine(cluster.scheduler_address) as engine:
        outputs = engine.map(write_slowly, make_parts(), tmp_path / "work", stop_at="c")
    assert [path.read_text() for path in outputs] == ["aa", "bb", "cc", "dd"]


def test_the_error_of_a_step_comes_through_whole(cluster, parts, tmp_path):
    with pytest.raises(ListingsError) as caught, open_engine(cluster.scheduler_address) as engine:
        engine.map(refuse, parts, tmp_path / "work")
    assert (caught.value.what, caught.value.hint) == ("cars.csv: is no table", "Look into it")


def test_over_tls_with_certificates_of_the_configuration(parts, tmp_path):
    security = distributed.Security.temporary()
    settings = {
        "ca-file": security.tls_ca_file,
        "client.cert": security.tls_client_cert,
        "client.key": security.tls_client_key,
    }
    with (
        distributed.LocalCluster(
            n_workers=1, processes=False, security=security, host="127.0.0.1", dashboard_address="127.0.0.1:0"
        ) as cluster,
        dask.config.set({f"distributed.comm.tls.{name}": value for name, value in settings.items()}),
        open_engine(cluster.scheduler_address) as engine,
    ):
        assert cluster.scheduler_address.startswith("tls://")
        assert engine.one(double, parts, tmp_path / "work").read_text() == "abcdabcd"


@pytest.mark.slow
def test_a_step_that_ends_its_workers_is_named(cluster, parts, tmp_path):
    with (
        pytest.raises(EngineError, match=r"^A step ended 4 workers, the last tcp://127\.0\.0\.1:\d+: it may"),
        open_engine(cluster.scheduler_address) as engine,
    ):
        engine.one(end_process, parts, tmp_path / "work")


def test_a_scheduler_without_a_worker(monkeypatch):
    monkeypatch.setattr("carprice.engine.start.CONNECT_SECONDS", 0.2)
    with (
        distributed.LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster,
        pytest.raises(EngineError, match=r"^--engine tcp://127\.0\.0\.1:\d+: the scheduler has no worker"),
        open_engine(cluster.scheduler_address),
    ):
        pass


@pytest.mark.slow
def test_where_all_workers_are_lost_the_command_ends(parts, tmp_path, root, monkeypatch):
    """Once they have been looked for so often, here for two seconds."""
    monkeypatch.setattr(engine_module, "CHECK_SECONDS", 0.2)
    monkeypatch.setattr(engine_module, "MAX_CHECKS", 10)
    (tmp_path / "switch").touch()
    with start_cluster(tmp_path / "cluster", root, workers=1) as cluster:
        losing = threading.Thread(target=lose_later, args=(cluster, tmp_path / "mark"))
        losing.start()
        with (
            pytest.raises(
                EngineError, match="write_slowly: all workers are lost, and none has come back within 2 s"
            ),
            open_engine(cluster.address) as engine,
        ):
            engine.one(write_slowly, parts[2:3], tmp_path / "work", stop_at="c")
        losing.join()


def lose_later(cluster: Cluster, mark: Path) -> None:
    wait_for(mark.exists, SECONDS)
    cluster.lose_worker(signal.SIGKILL)


@pytest.mark.slow
def test_a_scheduler_that_is_killed_ends_the_command(parts, tmp_path, root):
    """Once Dask has waited for it to come back, here a second."""
    file = tmp_path / "scheduler.json"
    (tmp_path / "switch").touch()
    program = str(Path(sys.executable).with_name("dask"))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root / "src"), str(root)])}

    def start(*argv: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([program, *argv], env=environment, stderr=subprocess.DEVNULL)

    with start("scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)) as scheduler:
        assert wait_for(lambda: file.exists() and file.read_text().endswith("}"), SECONDS)
        address = json.loads(file.read_text())["address"]
        with start("worker", address, "--no-nanny", "--no-dashboard", "--death-timeout", "1") as worker:
            threading.Thread(target=kill_later, args=(scheduler, tmp_path / "mark")).start()
            try:
                with (
                    dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
                    pytest.raises(EngineError, match="write_slowly: a worker was lost"),
                    open_engine(address) as engine,
                ):
                    engine.one(write_slowly, parts[2:3], tmp_path / "work", stop_at="c")
            finally:
                (tmp_path / "switch").unlink()
                worker.kill()
                scheduler.kill()


def kill_later(scheduler: "subprocess.Popen[bytes]", mark: Path) -> None:
    wait_for(mark.exists, SECONDS)
    scheduler.kill()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("tcp://127.0.0.1:9", "--engine tcp://127.0.0.1:9: no Dask scheduler answers"),
        ("host:8786", "--engine host:8786: should be the address of a Dask scheduler\nSuch as tcp://host:8786"),
    ],
)
def test_where_no_scheduler_answers(address, message, monkeypatch):
    monkeypatch.setattr("carprice.engine.start.CONNECT_SECONDS", 0.2)
    with pytest.raises(EngineError) as caught, open_engine(address):
        pass
    assert str(caught.value).startswith(message)
