"""What Docker and the edge say of a stack, as its status."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from carprice.ops.docker.containers import read_container
from carprice.ops.docker.status import derive_facts, last_build, read_answer
from carprice.ops.edge.haproxy import NO_VIEW, Edge, EdgeView, parse_statistics, read_ready
from carprice.ops.instance import Port
from carprice.ops.journal import Journal
from carprice.ops.lifecycle import State, derive_state
from carprice.ops.limits import Limits
from carprice.ops.stack_context import StackContext
from carprice.system.processes import Runner

ADDRESS = "172.18.0.4"
COLUMNS = ("# pxname", "svname", "stot", "status", "check_status", "addr")


def make_facts(**state: Any) -> dict[str, Any]:
    """What `docker container inspect` prints of a healthy replica, as far as it is read."""
    started, created, finished = (
        (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()[:26] + "789Z" for seconds in (90, 200, 91.5)
    )
    health = {"Status": "healthy", "Log": [{"ExitCode": 0, "Output": '{"model_version": "m1"}\n'}]}
    return {
        "Id": "abc",
        "Name": "/cars-car-price-api-2",
        "Image": "sha256:1",
        "RestartCount": 0,
        "Created": created,
        "State": {
            **{"Status": "running", "Running": True, "ExitCode": 0, "Pid": 77, "Health": health},
            **{"StartedAt": started, "FinishedAt": finished, "OOMKilled": False, "Error": ""},
            **state,
        },
        "Config": {
            "Image": "car-price-prediction:r2",
            "User": "1000:1000",
            "Env": ["CARPRICE_RELEASE=r2", "CARPRICE_MODEL_VERSION=m1", "EMPTY"],
            "Labels": {"com.docker.compose.service": "car-price-api", "com.docker.compose.container-number": "2"},
        },
        "HostConfig": {
            "RestartPolicy": {"Name": "unless-stopped"},
            "PortBindings": {"5000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8000"}]},
        },
        "NetworkSettings": {"Networks": {"cars": {"IPAddress": ADDRESS}}},
    }


def make_table(*rows: tuple[str, ...]) -> str:
    return "\n".join(",".join(row) for row in (COLUMNS, *rows))


def test_a_container_is_read() -> None:
    found = read_container(make_facts())
    assert (found.service, found.number, found.name) == ("car-price-api", 2, "cars-car-price-api-2")
    assert (found.release, found.model, found.image_name) == ("r2", "m1", "car-price-prediction:r2")
    assert found.address.host == ADDRESS
    assert found.ports == (Port(5000, "127.0.0.1", 8000),)
    assert 89 <= found.uptime <= 95
    assert 199 <= found.age <= 205
    assert 1.4 <= found.pause <= 1.6
    assert read_container(make_facts(Status="restarting")).pause > 91
    assert read_answer(found) == {"model_version": "m1"}


def test_a_container_without_health_networks_or_ports_is_read() -> None:
    facts = make_facts(Status="exited", Running=False, Health=None, StartedAt="0001-01-01T00:00:00Z")
    facts["HostConfig"]["PortBindings"] = None
    facts["NetworkSettings"]["Networks"] = {}
    found = read_container(facts)
    assert (found.health, found.address.host, found.ports, found.uptime) == ("", "", (), 0.0)
    assert read_answer(found) == {}


def test_an_answer_that_is_no_object_is_none() -> None:
    logs = [{"ExitCode": 0, "Output": text} for text in ("[1]", "curl: (22) 503", "")]
    found = read_container(make_facts(Health={"Status": "unhealthy", "Log": logs}))
    assert read_answer(found) == {}


def test_only_replicas_that_passed_the_edge_s_check_count() -> None:
    table = make_table(
        ("be_current", "api1", "12", "UP", "L7OK", "172.18.0.4:5000"),
        ("be_current", "api2", "", "UP 1/2", "L7OK", "172.18.0.5:5000"),
        ("be_current", "api3", "3", "UP", "INI", "172.18.0.6:5000"),
        ("be_current", "api4", "3", "DOWN", "L4CON", "172.18.0.7:5000"),
        ("be_current", "BACKEND", "15", "UP", "", ""),
        ("be_next", "api1", "7", "UP", "L7OK", "172.18.0.8:5000"),
    )
    assert read_ready(parse_statistics(table), "current") == {"172.18.0.4": 12, "172.18.0.5": 0}
    assert read_ready(parse_statistics(table), "next") == {"172.18.0.8": 7}


@pytest.mark.parametrize(
    ("view", "state"),
    [
        (NO_VIEW, State.RUNNING),
        (EdgeView("current", {ADDRESS: 0}), State.SERVING),
        (EdgeView("current", {ADDRESS: 5}), State.MONITORING),
        (EdgeView("current", {"172.18.0.9": 5}), State.RUNNING),
        (EdgeView("next", {ADDRESS: 5}), State.RUNNING),
    ],
)
def test_traffic_at_the_edge_tells_who_serves(view: EdgeView, state: State) -> None:
    assert derive_state(derive_facts(read_container(make_facts()), view)) is state


def test_the_edge_serves_when_a_replica_is_ready() -> None:
    edge = replace(read_container(make_facts(Health=None)), service="edge")
    assert derive_state(derive_facts(edge, NO_VIEW)) is State.RUNNING
    assert derive_state(derive_facts(edge, EdgeView("current", {ADDRESS: 3}))) is State.MONITORING


@pytest.mark.parametrize(
    ("events", "stands"),
    [
        ([], ""),
        ([("build", {"outcome": "built"})], "built"),
        ([("build", {"outcome": "failed"})], "failed"),
        ([("build", {"outcome": "building", "pid": os.getpid()})], "building"),
        ([("build", {"outcome": "building", "pid": 2**22 + 1})], ""),  # was killed
        ([("build", {"outcome": "built"}), ("up", {})], ""),
        ([("build", {"outcome": "failed"}), ("down", {})], ""),
        ([("up", {}), ("build", {"outcome": "built"})], "built"),
    ],
)
def test_the_journal_tells_how_the_last_build_stands(
    tmp_path: Path, events: list[tuple[str, dict[str, Any]]], stands: str
) -> None:
    runner = Runner(tmp_path)
    context = StackContext(tmp_path, runner, Edge(runner), Journal(tmp_path / "journal"), Limits(), print)
    for event, facts in events:
        context.journal.add(event, **facts)
    assert last_build(context) == stands
