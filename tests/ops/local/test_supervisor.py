"""A real supervisord over stand-in services."""

import os
import re
import socket
import stat
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
from tests.ops.local.conftest import STANDIN, wait_until

from carprice.errors import StackError
from carprice.names import API
from carprice.ops.local import supervisor_plugin
from carprice.ops.local.health import check_health
from carprice.ops.local.services import Service, build_services
from carprice.ops.local.supervisor import (
    Supervisor,
    find_orphans,
    find_supervisor,
    is_gone,
    kill_orphans,
    start_supervisor,
    stop_supervisor,
    write_config,
)
from carprice.ops.local.supervisord_conf import config_path, make_private_folder, socket_path
from carprice.settings import Settings
from carprice.system.processes import is_alive

Conduct = Callable[[str], None]


@pytest.fixture
def conduct(settings: Settings) -> Conduct:
    return lambda text: (settings.var_dir / "conduct").write_text(text) and None


@pytest.fixture
def api(settings: Settings) -> Service:
    return build_services(settings, STANDIN)[0]


@pytest.fixture
def supervisor(settings: Settings, api: Service) -> Supervisor:
    return start_supervisor(settings, [api])


def read_starts(settings: Settings) -> list[float]:
    path = settings.var_dir / "starts"
    return [float(line) for line in path.read_text().split()] if path.exists() else []


def is_healthy(service: Service) -> bool:
    return check_health(service).is_healthy


def test_nothing_starts_before_it_is_asked_to(supervisor: Supervisor, settings: Settings) -> None:
    process = supervisor.list_processes()[API]
    assert (process.state, process.pid, process.restarts) == ("STOPPED", 0, 0)
    assert read_starts(settings) == []


def test_start_and_stop_a_service(supervisor: Supervisor, api: Service) -> None:
    supervisor.start_service(API)
    wait_until(lambda: is_healthy(api))
    pid = supervisor.list_processes()[API].pid
    supervisor.stop_service(API)
    assert supervisor.list_processes()[API].state == "STOPPED"
    assert not psutil.pid_exists(pid)


@pytest.mark.slow
def test_a_dead_service_is_started_again_after_growing_pauses(
    supervisor: Supervisor, settings: Settings, conduct: Conduct
) -> None:
    conduct("dies")
    supervisor.start_service(API)
    wait_until(lambda: len(read_starts(settings)) == 4)
    starts = read_starts(settings)
    pauses = [after - before for before, after in pairwise(starts)]
    assert pauses[0] >= 1
    assert pauses[1] >= 2
    assert pauses[2] >= 3
    assert supervisor.list_processes()[API].restarts >= 3


def test_a_service_that_comes_back_is_well_again(supervisor: Supervisor, api: Service, conduct: Conduct) -> None:
    conduct("dies")
    supervisor.start_service(API)
    wait_until(lambda: supervisor.list_processes()[API].restarts)
    conduct("well")
    wait_until(lambda: is_healthy(api))
    assert supervisor.list_processes()[API].restarts >= 1


def test_a_start_by_hand_begins_to_count_anew(supervisor: Supervisor, conduct: Conduct) -> None:
    conduct("dies")
    supervisor.start_service(API)
    wait_until(lambda: supervisor.list_processes()[API].restarts)
    conduct("well")
    supervisor.stop_service(API)
    supervisor.start_service(API)
    assert supervisor.list_processes()[API].restarts == 0


@pytest.mark.slow
def test_a_child_that_outlives_its_parent_does_not_hold_the_port(
    supervisor: Supervisor, api: Service, conduct: Conduct
) -> None:
    conduct("parent")
    supervisor.start_service(API)
    wait_until(lambda: is_healthy(api))
    parent = psutil.Process(supervisor.list_processes()[API].pid)
    [child] = parent.children()
    parent.kill()
    child.wait(10)
    wait_until(lambda: supervisor.list_processes()[API].pid not in (0, parent.pid) and is_healthy(api))


def test_a_port_that_was_taken_meanwhile_is_named_by_the_service(settings: Settings) -> None:
    [service] = build_services(settings)
    supervisor = start_supervisor(settings, [service])
    with socket.create_server(("127.0.0.1", settings.port)):
        supervisor.start_service(API)
        wait_until(lambda: f"Port {settings.port} is taken by another program" in service.log.read_text())
    assert supervisor.list_processes()[API].restarts >= 0, "the supervisor lives"
    wait_until(lambda: is_healthy(service))


def test_the_longest_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    class Process:
        class config:  # noqa: N801  supervisord's own name
            name = API

        pid = 0
        delay = 5000.0
        laststart = 999.0

    class Exit:
        process = Process

    monkeypatch.setattr(supervisor_plugin.time, "time", lambda: 1000.0)
    made = supervisor_plugin.SupervisorPlugin({})
    made._note_exit(Exit)
    assert Process.delay == 1000.0 + supervisor_plugin.LONGEST_PAUSE_SECONDS
    made._note_exit(Exit)
    assert made.count_restarts() == {API: 2}
    Process.laststart = 1000.0 - supervisor_plugin.STABLE_SECONDS
    made._note_exit(Exit)
    assert made.count_restarts() == {API: 1}, "it had stayed up"


def test_stopping_ends_services_and_supervisor(supervisor: Supervisor, settings: Settings, api: Service) -> None:
    supervisor.start_service(API)
    wait_until(lambda: is_healthy(api))
    pids = (supervisor.read_pid(), supervisor.list_processes()[API].pid)
    processes = [psutil.Process(pid) for pid in pids]
    stop_supervisor(settings, supervisor, 10)
    assert not any(is_alive(process) for process in processes)
    assert is_gone(settings)


@pytest.mark.slow
def test_a_killed_supervisor_leaves_nothing_for_good(
    supervisor: Supervisor, settings: Settings, api: Service
) -> None:
    supervisor.start_service(API)
    wait_until(lambda: is_healthy(api))
    pid = supervisor.list_processes()[API].pid
    holder = psutil.Process(supervisor.read_pid())
    holder.kill()
    wait_until(lambda: not holder.is_running())
    assert socket_path(settings).exists()
    assert find_supervisor(settings) is None
    assert [(process.pid, name) for process, name in find_orphans(settings)] == [(pid, API)]
    assert kill_orphans(settings) == [f"{API} (pid {pid})"]
    assert not is_healthy(api)
    again = start_supervisor(settings, [api])
    again.start_service(API)
    wait_until(lambda: is_healthy(api))


def test_only_this_user_may_steer_it(supervisor: Supervisor, settings: Settings) -> None:
    assert supervisor.read_pid()
    assert stat.S_IMODE(socket_path(settings).stat().st_mode) == 0o700
    assert stat.S_IMODE(socket_path(settings).parent.stat().st_mode) == 0o700


def test_a_folder_with_odd_characters(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / '100% o\'clock "a b"'
    (folder / "var").mkdir(parents=True)
    script = folder / "app.py"
    script.write_text(STANDIN.read_text())
    odd = replace(settings, var_dir=folder / "var", logs_dir=folder / "logs")
    service = build_services(odd, script)[0]
    supervisor = start_supervisor(odd, [service])
    try:
        supervisor.start_service(API)
        wait_until(lambda: is_healthy(service))
        assert service.log.read_text().startswith("stand-in: well")
    finally:
        stop_supervisor(odd, supervisor, 10)


def test_a_folder_too_deep_for_a_socket(settings: Settings, tmp_path: Path) -> None:
    deep = replace(settings, var_dir=tmp_path / ("deep" * 20) / "var")
    service = build_services(deep, STANDIN)[0]
    supervisor = start_supervisor(deep, [service])
    socket = socket_path(deep)
    try:
        assert re.fullmatch(rf"/tmp/carprice-{os.getuid()}/[0-9a-f]{{16}}\.sock", str(socket))
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        assert find_supervisor(deep)
    finally:
        stop_supervisor(deep, supervisor, 10)
    assert not socket.exists()


def test_a_folder_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    with pytest.raises(StackError) as caught:
        make_private_folder(tmp_path)
    assert str(caught.value) == f"{tmp_path} belongs to user {owner}\nRemove it: sudo rm -r {tmp_path}"


def test_a_log_that_is_a_link_is_refused(settings: Settings, api: Service, tmp_path: Path) -> None:
    """A container that had the same folder could have put it there."""
    victim = tmp_path / "victim"
    victim.write_text("whole")
    settings.logs_dir.mkdir(parents=True)
    (settings.logs_dir / "supervisord.log").symlink_to(victim)
    with pytest.raises(StackError) as error:
        write_config(settings, [api])
    link = settings.logs_dir / "supervisord.log"
    assert str(error.value) == f"{link}: should be a plain file, as a log is\nRemove it: rm {link}"
    assert victim.read_text() == "whole"


def test_a_supervisor_that_cannot_start_says_why(settings: Settings, api: Service) -> None:
    settings.logs_dir.mkdir()
    (settings.logs_dir / "supervisord.log").mkdir()
    with pytest.raises(StackError, match=r"^The supervisor did not start: .*supervisord.log") as caught:
        start_supervisor(settings, [api])
    assert caught.value.hint == f"Read {settings.logs_dir / 'supervisord.log'}"


def test_the_output_of_a_service_rotates_by_size(settings: Settings) -> None:
    small = replace(settings, log_bytes=2000, log_files=2)
    chatter = "while True: print('chatter', flush=True)"
    service = replace(build_services(small, STANDIN)[0], argv=[sys.executable, "-c", chatter])
    supervisor = start_supervisor(small, [service])
    supervisor.start_service(API)
    wait_until(lambda: len(list(settings.logs_dir.glob(f"{API}.log*"))) == 3)
    first = Path(f"{service.log}.1").stat().st_ino
    wait_until(lambda: Path(f"{service.log}.1").stat().st_ino != first)
    supervisor.stop_service(API)
    kept = sorted(path.name for path in settings.logs_dir.glob(f"{API}.log*"))
    assert kept == [f"{API}.log", f"{API}.log.1", f"{API}.log.2"]


def test_the_configuration_holds_no_environment_of_the_caller(
    settings: Settings, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "hush")
    start_supervisor(settings, [api])
    assert "hush" not in config_path(settings).read_text()
