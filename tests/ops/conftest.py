"""A world of containers that only a recording runner knows."""

from pathlib import Path

import pytest
from tests.ops.world import World, make_world

from carprice.ops.docker.replicas import Replica


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A stack that serves r1."""
    made = make_world(tmp_path)
    monkeypatch.setattr(Replica, "ask", lambda replica, *words, **named: made.ask(replica, *words, **named))
    return made
