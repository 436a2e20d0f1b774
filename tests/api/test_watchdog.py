"""A worker that no longer prices is ended, and the process with it; real processes, really broken."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.ports import find_port

from carprice.api.serving.occupancy import answer_occupancy, ask_occupancy
from carprice.api.serving.watchdog import Watchdog

SECONDS = 1
FAILURES = 2
BOUND = SECONDS * (FAILURES + 1)
SLACK = 10  # a busy machine
POLL_SECONDS = 0.05


class Replica:
    """`python app.py` in a folder of its own, with faults that can be switched on."""

    def __init__(self, root: Path, folder: Path, artifacts: Path, **settings: object) -> None:
        self.port = find_port()
        self.fault = folder / "fault"
        names = {
            "artifacts_dir": artifacts,
            "logs_dir": folder / "logs",
            "host": "127.0.0.1",
            "port": self.port,
            "watchdog_seconds": SECONDS,
            "watchdog_failures": FAILURES,
            "shutdown_seconds": 2,
            "test_fault": self.fault,
        }
        environment = {f"CARPRICE_{name.upper()}": str(value) for name, value in (names | settings).items()}
        self.output = folder / "output"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "app.py"],
                cwd=root,
                env={**os.environ, **environment, "PYTHONPATH": str(root / "tests" / "faults")},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def ask(self, path: str = "/readyz") -> int:
        """The status of a GET, 0 without an answer. Not the watchdog's path, so that its questions can be told."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=SECONDS) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def is_watched(self) -> bool:
        """Whether the watchdog has had an answer."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=SECONDS) as answer:
            return b'http_route="/info/status"' in answer.read()

    def worker(self) -> psutil.Process:
        """The process that serves."""
        return psutil.Process(self.process.pid).children()[0]

    def end(self) -> None:
        """Leave nothing running."""
        for process in [*psutil.Process(self.process.pid).children(), self.process] if self.lives() else []:
            process.kill()
        self.process.wait()

    def lives(self) -> bool:
        """Whether the main process still runs."""
        return self.process.poll() is None


def wait_for(ask: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := ask()):
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(POLL_SECONDS)
    return found


@pytest.fixture
def start(root: Path, tmp_path: Path) -> Iterator[Callable[..., Replica]]:
    """Start a replica that is killed after the test."""
    started: list[Replica] = []

    def start_replica(artifacts: Path, **settings: object) -> Replica:
        started.append(Replica(root, tmp_path, artifacts, **settings))
        return started[0]

    yield start_replica
    for replica in started:
        replica.end()


@pytest.fixture
def replica(start: Callable[..., Replica], small_bundle: Path) -> Replica:
    """A replica that serves, and that the watchdog has seen serving."""
    started = start(small_bundle)
    wait_for(lambda: started.ask() == 200)
    wait_for(started.is_watched)
    return started


def assert_ended(replica: Replica, reason: str, seconds: float = BOUND + SLACK) -> None:
    code = replica.process.wait(seconds)
    lines = [json.loads(line) for line in replica.output.read_text().splitlines() if line.startswith("{")]
    ended = [line["reason"] for line in lines if line["event"] == "worker ended"]
    assert code == 1, replica.output.read_text()
    assert ended == [f"GET /info/status: {reason}"]


def assert_stays(replica: Replica, status: int) -> None:
    deadline = time.monotonic() + BOUND + SECONDS
    while time.monotonic() < deadline:
        assert replica.ask() == status
        time.sleep(POLL_SECONDS)


@pytest.mark.slow
def test_ends_a_stopped_worker(replica: Replica) -> None:
    replica.worker().send_signal(signal.SIGSTOP)
    assert_ended(replica, "no answer within 1 s, 2 times in a row")


@pytest.mark.slow
def test_ends_a_worker_in_a_dead_lock(replica: Replica) -> None:
    replica.fault.write_text("lock")
    assert_ended(replica, "no answer within 1 s, 2 times in a row")


@pytest.mark.slow
def test_ends_a_worker_whose_trees_hang(replica: Replica) -> None:
    replica.fault.write_text("hang")
    wait_for(lambda: not replica.fault.exists())
    assert replica.ask("/livez") == 200, "the rest of the service still answers"
    assert_ended(replica, "no answer within 1 s, 2 times in a row")


def test_ends_a_worker_whose_trees_price_otherwise(replica: Replica) -> None:
    replica.fault.write_text("wrong")
    assert_ended(replica, "status 503, 2 times in a row")


def test_exits_with_1_when_the_worker_is_killed(replica: Replica) -> None:
    replica.worker().kill()
    assert replica.process.wait(SLACK) == 1


@pytest.mark.slow
def test_serves_on_while_the_main_process_is_stopped(replica: Replica) -> None:
    replica.process.send_signal(signal.SIGSTOP)
    assert_stays(replica, 200)
    replica.process.send_signal(signal.SIGCONT)
    wait_for(lambda: replica.ask() == 200)
    assert replica.lives()


@pytest.mark.slow
def test_leaves_a_service_alone_that_never_had_a_model(start: Callable[..., Replica], tmp_path: Path) -> None:
    replica = start(tmp_path / "none")
    wait_for(lambda: replica.ask() == 503)
    assert_stays(replica, 503)
    assert replica.lives()


@pytest.mark.slow
def test_ends_a_worker_that_hangs_without_a_model(start: Callable[..., Replica], tmp_path: Path) -> None:
    replica = start(tmp_path / "none")
    wait_for(lambda: replica.ask() == 503)
    wait_for(replica.is_watched)
    replica.worker().send_signal(signal.SIGSTOP)
    assert_ended(replica, "no answer within 1 s, 2 times in a row")


@pytest.mark.slow
def test_leaves_a_slow_start_alone_until_start_seconds_are_over(
    start: Callable[..., Replica], small_bundle: Path
) -> None:
    replica = start(small_bundle, start_seconds=2 * BOUND)
    [worker] = wait_for(lambda: psutil.Process(replica.process.pid).children())
    worker.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    assert_ended(replica, "no answer within 1 s, 2 times in a row", 3 * BOUND + SLACK)
    assert time.monotonic() - began > BOUND


def test_leaves_in_peace_on_sigterm(replica: Replica) -> None:
    replica.process.send_signal(signal.SIGTERM)
    assert replica.process.wait(SLACK) == 0
    assert "worker ended" not in replica.output.read_text()


def test_leaves_at_once_while_its_worker_loads(start: Callable[..., Replica], small_bundle: Path) -> None:
    replica = start(small_bundle, shutdown_seconds=100)
    wait_for(lambda: psutil.Process(replica.process.pid).children())
    replica.process.send_signal(signal.SIGTERM)
    assert replica.process.wait(SLACK) == 0


FORKED = """
import os, signal
from carprice.api.serving.server import tell_workers

workers = []
signal.signal(signal.SIGTERM, tell_workers(lambda *_: [os.kill(worker, signal.SIGTERM) for worker in workers]))
for is_late in (False, True):
    if (worker := os.fork()) == 0:
        signal.pause()
    workers[:] = [] if is_late else [worker]
    os.kill(os.getpid(), signal.SIGTERM)  # the first is told at once, most often before it listens
    print(os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]))
"""


def test_a_worker_that_is_forked_while_it_stops_does_not_load() -> None:
    """Python forgets a signal that comes in the middle of a fork, so the worker would serve on."""
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=BOUND * SLACK)
    assert (done.stdout, done.stderr) in (("0\n0\n", ""), ("-15\n0\n", ""))


@pytest.mark.slow
def test_a_model_taken_away_is_no_reason(
    start: Callable[..., Replica], small_bundle: Path, tmp_path: Path
) -> None:
    artifacts = tmp_path / "artifacts"
    shutil.copytree(small_bundle, artifacts)
    replica = start(artifacts)
    wait_for(lambda: replica.ask() == 200)
    shutil.rmtree(artifacts)
    assert_stays(replica, 200)


@pytest.mark.parametrize("is_full", [False, True])
def test_tells_a_full_worker_from_one_that_hangs(is_full: bool) -> None:
    """It answered once, and then its threads were taken."""
    ended: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        watchdog = Watchdog("127.0.0.1", port, 0.1, 3, 60, ended.append, lambda: is_full)
        stopped = watchdog.start()
        connection, _ = listener.accept()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        if is_full:
            time.sleep(1)
        else:
            wait_for(lambda: ended, 20)
        stopped.set()
        connection.close()
    assert ended == ([] if is_full else ["GET /info/status: no answer within 0.1 s, 3 times in a row"])


def test_the_worker_says_whether_it_is_full() -> None:
    """A number that no process has stands for a main process."""
    pid, found = 2**22 + os.getpid(), [True]
    assert not ask_occupancy(pid, 0.1), "nobody answers"
    answer_occupancy(pid, lambda: found[0])
    assert ask_occupancy(pid, 20)
    found[0] = False
    assert not ask_occupancy(pid, 20)


def test_a_replica_full_of_slow_clients_is_left_running(start: Callable[..., Replica], small_bundle: Path) -> None:
    replica = start(small_bundle, threads=1, idle_seconds=600)
    wait_for(lambda: replica.ask() == 200)
    wait_for(replica.is_watched)
    assert not ask_occupancy(replica.process.pid, 20)
    with socket.create_connection(("127.0.0.1", replica.port)) as slow:
        slow.sendall(b"POST /predict/price HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n")
        slow.sendall(b"Content-Length: 1000\r\n\r\n")
        wait_for(lambda: ask_occupancy(replica.process.pid, 20))
