"""The price form asks for every field as its kind says."""

import re
from pathlib import Path

import pytest
from flask import Flask
from tests.api.calls import call, find_state
from tests.api.conftest import MakeApp

from carprice.market.kinds import KINDS


def find_inputs(page: str) -> dict[str, tuple[str, str]]:
    """Of each field's input or select: its JSON type, and its type or tag."""
    found = {}
    for tag, attributes in re.findall(r"<(input|select) ([^>]*)>", page):
        named = dict(re.findall(r'([\w-]+)="([^"]*)"', attributes))
        found[named["name"]] = (named["data-type"], named.get("type", tag))
    return found


@pytest.fixture(params=["small_bundle", "dated_bundle"])
def any_app(request: pytest.FixtureRequest, make_app: MakeApp) -> Flask:
    return make_app(artifacts_dir=request.getfixturevalue(request.param))


def test_every_field_is_asked_for(any_app: Flask) -> None:
    model = find_state(any_app).model
    assert model
    inputs = find_inputs(call(any_app.wsgi_app, "GET", "/").body.decode())
    for feature in model.pricer.market.features:
        kind = KINDS[feature.kind]
        json_type, control = inputs.pop(feature.name)
        assert json_type == kind.schema["type"]
        assert control in {"yes-no": ["select"], "choice": ["select", "input"]}.get(kind.input, [kind.input])
    assert inputs == {"asking_price": ("number", "number")}


def test_the_form_turns_every_json_type_into_its_value(root: Path) -> None:
    script = (root / "src/carprice/api/static/price.js").read_text()
    readers = re.search(r"const READERS = \{(.*)\}", script)
    assert readers
    assert set(re.findall(r"(\w+):", readers[1])) == {kind.schema["type"] for kind in KINDS.values()}
