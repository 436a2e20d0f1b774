"""A world of containers that only a recording runner knows."""

from pathlib import Path

import pytest
from tests.ops.world import World, make_world

from carprice.system.http import Address


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A stack that serves r1."""
    made = make_world(tmp_path)
    monkeypatch.setattr(Address, "ask", lambda address, *words, **named: made.ask(address, *words, **named))
    return made
