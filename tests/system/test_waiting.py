"""Waiting with a deadline."""

import pytest

from carprice.system import waiting
from carprice.system.waiting import wait_for


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Every pause, in order; time passes by them alone."""
    pauses: list[float] = []
    monkeypatch.setattr(waiting.time, "sleep", pauses.append)
    monkeypatch.setattr(waiting.time, "monotonic", lambda: sum(pauses))
    return pauses


def test_what_is_so_at_once_is_not_waited_for(clock: list[float]) -> None:
    assert wait_for(lambda: "yes", 10) == "yes"
    assert clock == []


def test_pauses_grow_to_their_limit(clock: list[float]) -> None:
    looks = iter([0, 0, 0, 0, 7])
    assert wait_for(lambda: next(looks), 10, pause=0.2, max_pause=0.4) == 7
    assert clock == pytest.approx([0.2, 0.3, 0.4, 0.4])


def test_at_the_deadline_the_last_look_comes_back(clock: list[float]) -> None:
    looks = iter(range(100))
    assert wait_for(lambda: next(looks), 1, lambda found: found > 50, pause=0.4, max_pause=0.4) == 3
    assert sum(clock) == pytest.approx(1)


def test_a_predicate_says_what_is_enough(clock: list[float]) -> None:
    looks = iter([{"a"}, {"a", "b"}])
    assert wait_for(lambda: next(looks), 1, lambda found: len(found) == 2) == {"a", "b"}
