"""Each gate names itself, the figure and the limit."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.ops.world import PRICE, World

from carprice.names import API
from carprice.ops.docker.containers import list_containers
from carprice.ops.release import Release
from carprice.ops.rollout.gates import GateError, check_contract, check_golden, check_identity, promises_of
from carprice.system.http import Address, Reply

R1 = Release("r1", "i:r1", "20260101T000000Z")
GOLDEN = [{"listing": {"make": "Ford"}, "price": PRICE + 0.4, "low": PRICE, "high": PRICE}]
Change = Callable[[Address, str, Reply], Reply]


@pytest.fixture
def replicas(world: World) -> list[Address]:
    return [item.address for item in list_containers(world.context().runner, API)]


def change(world: World, monkeypatch: pytest.MonkeyPatch, act: Change) -> None:
    """Let replicas answer otherwise."""

    def ask(replica: Address, method: str, path: str, body: Any = None, seconds: float = 0) -> Reply:
        return act(replica, path, world.ask(replica, method, path, body))

    monkeypatch.setattr(Address, "ask", ask)


def fail(act: Callable[[], None]) -> str:
    with pytest.raises(GateError) as error:
        act()
    return error.value.what


def edited(reply: Reply, old: bytes, new: bytes) -> Reply:
    return replace(reply, content=reply.content.replace(old, new))


def test_a_good_release_passes(replicas: list[Address]) -> None:
    check_identity(replicas, R1.name, R1.bundle, "digest")
    check_identity(replicas, R1.name, "", None)
    check_contract(replicas, replicas[0])


def test_identity_of_release_and_model(replicas: list[Address]) -> None:
    name = "car-price-car-price-api-1"
    told = fail(lambda: check_identity(replicas, "r2", R1.bundle, None))
    assert told == f"Gate identity: {name}: release should be r2 (got r1)"
    told = fail(lambda: check_identity(replicas, R1.name, "20270101T000000Z", None))
    assert told == f"Gate identity: {name}: model version should be 20270101T000000Z (got 20260101T000000Z)"
    told = fail(lambda: check_identity(replicas, R1.name, R1.bundle, "another"))
    assert told == "Gate identity: model.pkl should have SHA-256 another (got digest)"


def test_a_mixed_set_is_refused(world: World, monkeypatch: pytest.MonkeyPatch, replicas: list[Address]) -> None:
    change(
        world,
        monkeypatch,
        lambda replica, _, reply: edited(reply, b"digest", b"other!") if "-2" in replica.name else reply,
    )
    told = fail(lambda: check_identity(replicas, R1.name, R1.bundle, None))
    assert told == "Gate identity: model.pkl should have the same SHA-256 everywhere (got digest, other!)"


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/metrics", 500, "GET /metrics should answer 200 (got 500)"),
        ("/predict/price", 503, "POST /predict/price should answer 200 (got 503)"),
        ("/predict/batch", 500, "POST /predict/batch should answer 200 (got 500)"),
        ("/no/such/path", 200, "a path that is none at /no/such/path should be problem 404 (got 200)"),
    ],
)
def test_contract_of_every_endpoint(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    replicas: list[Address],
    path: str,
    status: int,
    told: str,
) -> None:
    change(world, monkeypatch, lambda _, asked, reply: replace(reply, status=status) if asked == path else reply)
    assert fail(lambda: check_contract(replicas, None)) == f"Gate contract: car-price-car-price-api-1: {told}"


def test_contract_of_no_answer(world: World, monkeypatch: pytest.MonkeyPatch, replicas: list[Address]) -> None:
    world.broken = {"r1"}
    assert "Gate contract: car-price-car-price-api-1: GET /api/openapi.json got no answer" in fail(
        lambda: check_contract(replicas, None)
    )


def test_contract_of_members_that_are_lost(
    world: World, monkeypatch: pytest.MonkeyPatch, replicas: list[Address]
) -> None:
    live, candidate = replicas
    change(
        world,
        monkeypatch,
        lambda replica, _, reply: edited(reply, b'"low"', b'"lower"') if replica == candidate else reply,
    )
    assert fail(lambda: check_contract([candidate], live)) == (
        "Gate contract: car-price-car-price-api-2: /predict/price should have low as the live release has "
        "(got none)"
    )


def test_promises_of_a_document() -> None:
    document = {
        "paths": {"/a": {"get": {}, "post": {}}},
        "components": {"schemas": {"Listing": {"properties": {"make": {}}}, "Answer": {"properties": {"b": {}}}}},
    }
    assert promises_of(document) == {"GET /a", "POST /a", "Answer.b"}
    assert promises_of({}) == set()


def test_golden_valuations(world: World, monkeypatch: pytest.MonkeyPatch, replicas: list[Address]) -> None:
    change(
        world,
        monkeypatch,
        lambda _, path, reply: (
            edited(reply, b'"price": 1000', b'"price": 1000, "low": 1000, "high": 1000')
            if "batch" in path
            else reply
        ),
    )
    check_golden(replicas, GOLDEN)
    told = fail(lambda: check_golden(replicas, [{**GOLDEN[0], "price": PRICE + 1.1}]))
    assert told == "Gate golden: car-price-car-price-api-1: golden[0].price: should be 1001 (got 1000)"
    change(world, monkeypatch, lambda _, path, reply: edited(reply, b"results", b"nothing"))
    told = fail(lambda: check_golden(replicas, GOLDEN))
    assert told == "Gate golden: car-price-car-price-api-1: 0 of 1 golden listings priced"
