"""The stories of the local stack, over a real supervisord and a stand-in for the API."""

import fcntl
import os
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from tests.ops.local.conftest import STANDIN, wait_until
from tests.ports import find_port

from carprice.errors import StackError
from carprice.names import API
from carprice.ops.local import stack as local_stack
from carprice.ops.local.health import check_health
from carprice.ops.local.processes import read_status
from carprice.ops.local.services import build_services
from carprice.ops.local.stack import find_services, restart_services, start_stack, stop_stack
from carprice.ops.local.supervisor import find_orphans, find_supervisor, is_gone
from carprice.ops.stacks.choose import require_docker
from carprice.settings import Settings
from carprice.simulation import demo_model


@pytest.fixture
def start(settings: Settings, said: list[str]) -> Callable[..., bool]:
    return lambda on=settings: start_stack(on, said.append, STANDIN)


def is_healthy(settings: Settings) -> bool:
    return check_health(build_services(settings)[-1]).is_healthy


def read_pid(settings: Settings) -> int | None:
    return read_status(settings, *find_services(settings))[-1].pid


def test_up_and_down(start: Callable[..., bool], settings: Settings, said: list[str]) -> None:
    assert start()
    assert is_healthy(settings)
    assert re.fullmatch(r"car-price-api is healthy( \(\d+\.\d s\))?", said[-1])
    assert stop_stack(settings, said.append)
    assert not is_healthy(settings)
    assert not stop_stack(settings, said.append)


def test_up_twice_changes_nothing(start: Callable[..., bool], settings: Settings, said: list[str]) -> None:
    start()
    pid = read_pid(settings)
    said.clear()
    assert not start()
    assert said[0] == "Already up."
    assert read_pid(settings) == pid


def test_up_starts_what_was_stopped(start: Callable[..., bool], settings: Settings) -> None:
    start()
    supervisor = find_supervisor(settings)
    assert supervisor
    supervisor.stop_service(API)
    assert not start()
    assert is_healthy(settings)


def test_up_with_other_settings_starts_again(
    start: Callable[..., bool], settings: Settings, said: list[str]
) -> None:
    start()
    moved = replace(settings, port=find_port())
    assert start(moved)
    assert "Settings have changed since the last start; starting again ..." in said
    assert is_healthy(moved)
    assert not is_healthy(settings)


def test_other_commands_use_the_settings_of_the_running_stack(
    start: Callable[..., bool], settings: Settings
) -> None:
    start()
    elsewhere = replace(settings, port=find_port())
    assert find_services(elsewhere)[0][-1].port == settings.port


def test_two_stacks_beside_each_other(start: Callable[..., bool], settings: Settings) -> None:
    other = replace(settings, port=find_port(), var_dir=settings.var_dir / "b", logs_dir=settings.logs_dir / "b")
    other.var_dir.mkdir()
    try:
        start()
        start(other)
        stop_stack(settings, print)
        assert is_healthy(other)
    finally:
        stop_stack(other, print)


@pytest.mark.slow
def test_a_service_that_dies_at_start(start: Callable[..., bool], settings: Settings) -> None:
    (settings.var_dir / "conduct").write_text("dies")
    with pytest.raises(StackError) as caught:
        start()
    assert str(caught.value).splitlines()[:3] == [
        "car-price-api does not stay up: it ended 3 times",
        "Its last log lines:",
        "    stand-in: dies",
    ]
    assert caught.value.hint == "Read all: ./carprice logs car-price-api"
    assert is_gone(settings)
    assert find_orphans(settings) == []


@pytest.mark.parametrize(
    ("conduct", "answer"),
    [
        ("ill", "it answers 503: no model in artifacts"),
        pytest.param("deaf", "it does not answer on port {port} (timed out)", marks=pytest.mark.slow),
    ],
)
def test_a_service_that_is_never_well(
    start: Callable[..., bool], settings: Settings, monkeypatch: pytest.MonkeyPatch, conduct: str, answer: str
) -> None:
    monkeypatch.setattr(local_stack, "wait_for_health", partial(local_stack.wait_for_health, seconds=1))
    (settings.var_dir / "conduct").write_text(conduct)
    with pytest.raises(StackError) as caught:
        start()
    expected = f"car-price-api is not healthy after 1 s: {answer.format(port=settings.port)}"
    assert caught.value.what.splitlines()[0] == expected
    assert is_gone(settings)


def test_a_taken_port_stops_it_before_anything_starts(start: Callable[..., bool], settings: Settings) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", settings.port))
        holder.listen()
        with pytest.raises(StackError, match=rf"is taken by .+ \(pid {os.getpid()}\)"):
            start()
    assert not settings.logs_dir.exists()
    assert is_gone(settings)


def test_one_start_at_a_time(start: Callable[..., bool], settings: Settings) -> None:
    path = settings.var_dir / "stack" / "lock"
    path.parent.mkdir()
    with path.open("w") as file:
        file.write("4711")
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(StackError) as caught:
            start()
    assert (
        str(caught.value)
        == "Another `carprice up` is under way (pid 4711)\nWait for it, or stop it: kill -INT 4711"
    )
    assert start()


def test_after_a_killed_supervisor_it_starts_again(
    start: Callable[..., bool], settings: Settings, said: list[str]
) -> None:
    start()
    pid = read_pid(settings)
    supervisor = find_supervisor(settings)
    assert supervisor
    os.kill(supervisor.read_pid(), 9)
    wait_until(lambda: is_gone(settings))
    [status] = read_status(settings, *find_services(settings))
    assert (status.state, status.pid) == ("Running", pid)
    assert start()
    assert f"Ended what a killed supervisor had left: car-price-api (pid {pid})" in said
    assert is_healthy(settings)


@pytest.mark.slow
def test_down_while_it_starts(start: Callable[..., bool], settings: Settings) -> None:
    (settings.var_dir / "conduct").write_text("deaf")
    stopper = threading.Thread(
        target=lambda: (wait_until(lambda: read_pid(settings)), stop_stack(settings, print))
    )
    stopper.start()
    with pytest.raises(StackError, match=r"^The stack was taken down meanwhile"):
        start()
    stopper.join()


def test_restart_gives_a_new_process(start: Callable[..., bool], settings: Settings, said: list[str]) -> None:
    start()
    before = read_pid(settings)
    said.clear()
    restart_services(settings, [API], said.append)
    assert said[0] == "Restarting car-price-api ..."
    assert read_pid(settings) not in (None, before)


def test_restart_of_an_unknown_service(start: Callable[..., bool], settings: Settings) -> None:
    start()
    with pytest.raises(StackError) as caught:
        restart_services(settings, ["database"], print)
    assert str(caught.value) == "There is no service 'database'\nServices: car-price-api"


def test_restart_without_a_champion_leaves_what_runs(start: Callable[..., bool], settings: Settings) -> None:
    start()
    before = read_pid(settings)
    (settings.artifacts_dir / "champion").unlink()
    with pytest.raises(StackError, match="has no champion, so the API would have nothing to serve"):
        restart_services(settings, [], print)
    assert read_pid(settings) == before


def test_a_rollout_is_not_for_it(start: Callable[..., bool], settings: Settings) -> None:
    require_docker(settings)
    start()
    with pytest.raises(
        StackError, match=r"rollouts are for Docker\nServe the champion on it: ./carprice restart;"
    ):
        require_docker(settings)


def test_restart_when_nothing_is_up(settings: Settings) -> None:
    with pytest.raises(StackError) as caught:
        restart_services(settings, [], print)
    assert str(caught.value) == "Nothing is up\nStart it: ./carprice up"


@pytest.mark.slow
def test_the_first_start_trains_a_demo_model(
    settings: Settings, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_model, "ensure_champion", partial(demo_model.ensure_champion, count=3000))
    empty = replace(settings, artifacts_dir=settings.var_dir / "artifacts")
    assert start_stack(empty, said.append)
    assert said[:2] == ["No model yet, so the demo market's comes first.", "Drawing 3,000 simulated listings ..."]
    assert is_healthy(empty)
