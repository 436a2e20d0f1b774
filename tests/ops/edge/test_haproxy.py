"""The edge: what it is asked, and that no unexpected answer passes."""

from pathlib import Path

import pytest
from tests.ops.world import World

from carprice.errors import StackError
from carprice.names import EDGE
from carprice.ops.edge import haproxy as edge_module
from carprice.ops.edge.haproxy import CURRENT, NEXT, Edge, EdgeDownError
from carprice.system.processes import Result


@pytest.fixture
def edge(world: World, monkeypatch: pytest.MonkeyPatch) -> Edge:
    monkeypatch.setattr(edge_module, "RESTART_SECONDS", 0.2)
    return world.context().edge


@pytest.fixture
def map_file(world: World) -> Path:
    return world.folder / "edge" / "run" / "active.map"


def answer_with(world: World, monkeypatch: pytest.MonkeyPatch, text: str, code: int = 0) -> None:
    """Let every question to the edge have this answer."""
    monkeypatch.setattr(world, "_exec", lambda _: Result(code, text, text))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("active next\n", NEXT),
        ("active current\n", CURRENT),
        ("active  next", NEXT),
        ("", ""),
        ("act", ""),
        ("active", ""),
        ("active nex\n", ""),
        ("passive next\n", ""),
        ("active next\nactive current\n", ""),
    ],
)
def test_what_a_restart_would_serve(edge: Edge, map_file: Path, text: str, name: str) -> None:
    map_file.write_text(text)
    assert edge.pinned() == name


def test_no_map_file_means_the_current_set(edge: Edge) -> None:
    assert edge.pinned() == CURRENT


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("\n", CURRENT),
        ("0x1 active next\n\n", NEXT),
        ("0x1 active nex\n", CURRENT),
        ("0x1 active \n0x2 a b", CURRENT),
    ],
)
def test_what_serves_now(edge: Edge, world: World, monkeypatch: pytest.MonkeyPatch, text: str, name: str) -> None:
    answer_with(world, monkeypatch, text)
    assert edge.active() == name


@pytest.mark.parametrize(
    "text", ["Unknown map identifier. Please use #<id> or <file>.", "Permission denied", "0x1 a b c"]
)
def test_any_other_text_is_a_failure(edge: Edge, world: World, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    answer_with(world, monkeypatch, text)
    with pytest.raises(StackError, match=r"The edge does not know its map /run/edge/active\.map"):
        edge.switch(NEXT)


def test_a_switch_writes_the_file_first_and_reads_back(edge: Edge, world: World, map_file: Path) -> None:
    seen = []
    world.on_run = lambda words: seen.append(map_file.read_text()) if words[-1].startswith("set") else None
    edge.switch(NEXT)
    edge.switch(CURRENT)
    assert seen == ["active next\n", "active current\n"]
    assert [words[-1] for words in world.ran("docker", "container", "exec")] == [
        "set map /run/edge/active.map active next; show map /run/edge/active.map",
        "add map /run/edge/active.map active next; show map /run/edge/active.map",
        "set map /run/edge/active.map active current; show map /run/edge/active.map",
    ]


def test_a_switch_that_did_not_happen_is_a_failure(
    edge: Edge, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_with(world, monkeypatch, "0x1 active current\n")
    with pytest.raises(StackError, match="The edge should serve 'next' \\(got 'current'\\)"):
        edge.switch(NEXT)


STATS = """# pxname,svname,scur,qcur,status,check_status,addr
be_current,api1,1,0,UP,L7OK,10.0.0.1:5000
be_current,api2,0,0,UP,,10.0.0.2:5000
be_current,api3,0,0,UP 1/2,L7OK,10.0.0.3:5000
be_current,api4,0,0,DOWN,L4CON,10.0.0.4:5000
be_current,api5,0,0,MAINT (resolution),,
be_current,BACKEND,3,2,UP,,
be_next,BACKEND,0,0,DOWN,,
"""


def test_only_a_passed_check_makes_a_replica_ready(
    edge: Edge, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_with(world, monkeypatch, STATS)
    assert edge.ready_hosts(CURRENT) == {"10.0.0.1", "10.0.0.3"}
    assert edge.ready_hosts(NEXT) == set()
    assert (edge.in_flight(CURRENT), edge.in_flight(NEXT)) == (5, 0)
    edge.wait_for_ready(CURRENT, ["10.0.0.3", "10.0.0.1"], 0)
    with pytest.raises(StackError) as error:
        edge.wait_for_ready(CURRENT, ["10.0.0.1"], 0)
    assert error.value.what == (
        "The edge should find 10.0.0.1 of set 'current' ready within 0 s (got 10.0.0.1, 10.0.0.3)"
    )
    with pytest.raises(StackError, match=r"should find a replica of set 'next' ready within 0 s \(got none\)"):
        edge.wait_for_usable(NEXT, 0)
    with pytest.raises(StackError, match="The edge has no backend be_third"):
        edge.in_flight("third")


def test_statistics_that_are_none_are_a_failure(edge: Edge, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(world, monkeypatch, "Permission denied")
    with pytest.raises(StackError, match="The edge gave no statistics \\(got 'Permission denied'\\)"):
        edge.ready_hosts(CURRENT)


def test_a_restart_of_the_edge_is_waited_for(edge: Edge, world: World) -> None:
    container = world.of(EDGE)[0]
    container.state = "restarting"
    looks = []

    def come_back(words: list[str]) -> None:
        looks.append(words)
        if len(looks) > 3:
            container.state = "running"

    world.on_run = come_back
    assert edge.active() == CURRENT


def test_an_edge_that_stays_away_is_said_so(edge: Edge, world: World) -> None:
    world.of(EDGE)[0].state = "restarting"
    with pytest.raises(EdgeDownError, match="The edge does not run: restarting, exit code 1"):
        edge.active()
    world.containers.clear()
    with pytest.raises(EdgeDownError, match="The edge has no container"):
        edge.active()
