"""Waiting for a set: healthy, warm, and still the same."""

from dataclasses import replace

import msgspec
import pytest
from tests.ops.world import FAST, World

from carprice.errors import StackError
from carprice.names import API, CANDIDATE
from carprice.ops.docker.containers import list_containers
from carprice.ops.instance import Instance
from carprice.ops.rollout.readiness import check_still_healthy, wait_for_health
from carprice.ops.rollout.warmup import warm_up
from carprice.system.http import Address, Reply


def test_every_replica_must_pass_several_times_in_a_row(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    statuses = iter([200, 503, 200, 200, 200, 200, 200, 200])
    asked = []

    def ask(replica: Instance, *_: object, **__: object) -> Reply:
        asked.append(replica.name)
        return Reply(next(statuses), {}, b"{}", 0.0)

    monkeypatch.setattr(Address, "ask", ask)
    context = world.context(msgspec.structs.replace(FAST, health_passes=2, health_deadline=5))
    assert len(wait_for_health(context, API, 2)) == 2
    assert len(asked) == 6


def test_too_few_replicas_are_not_healthy(world: World) -> None:
    with pytest.raises(StackError) as error:
        wait_for_health(world.context(), API, 3)
    assert error.value.what == (
        "car-price-api is not healthy within 0.3 s "
        "(car-price-car-price-api-1: 200, car-price-car-price-api-2: 200)"
    )
    with pytest.raises(StackError, match=r"car-price-api-next is not healthy within 0\.3 s \(no container\)"):
        wait_for_health(world.context(), CANDIDATE, 2)


@pytest.mark.parametrize(("state", "restarts"), [("exited", 0), ("restarting", 1), ("running", 1)])
def test_one_that_ended_is_not_waited_for(world: World, state: str, restarts: int) -> None:
    item = world.of(API)[1]
    item.state, item.restarts = state, restarts
    with pytest.raises(StackError, match="car-price-car-price-api-2 ended with exit code 1"):
        wait_for_health(world.context(), API, 2)


def test_a_set_that_is_another_than_the_one_tested(world: World) -> None:
    context = world.context()
    known = list_containers(context.runner, API)
    check_still_healthy(context, API, known)
    with pytest.raises(StackError, match="car-price-api is not healthy any more"):
        check_still_healthy(context, API, [replace(item, started="earlier") for item in known])


def test_a_replica_that_stays_slow_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    context = world.context(msgspec.structs.replace(FAST, warmup_p95_ms=50, warmup_deadline=0.1))
    addresses = [item.address for item in list_containers(context.runner, API)]
    warm_up(context.limits, addresses)
    monkeypatch.setattr(Address, "ask", lambda *words, **named: replace(world.ask(*words, **named), seconds=0.06))
    with pytest.raises(StackError) as error:
        warm_up(context.limits, addresses)
    assert error.value.what == (
        "car-price-car-price-api-1 is not warm within 0.1 s: "
        "p95 of the last 50 answers is 60.0 ms, the limit 50 ms"
    )


def test_a_replica_that_prices_nothing_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(address: Address, method: str, path: str, *words: object) -> Reply:
        reply = world.ask(address, method, path, *words)
        return replace(reply, status=500, content=b'{"detail": "no model"}') if method == "POST" else reply

    monkeypatch.setattr(Address, "ask", ask)
    context = world.context()
    with pytest.raises(StackError, match="answered 500 while it warmed up, should be 200: no model"):
        warm_up(context.limits, [item.address for item in list_containers(context.runner, API)])
