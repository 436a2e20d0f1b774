"""The OpenAPI document: valid, complete, and true of real answers."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.api.calls import Result, as_json, call, find_state
from tests.api.conftest import MakeApp
from tests.bundles import grow_bundle, invent_uk_listings
from tests.model.cars import DATED_CAR, TITLED_CAR, UK_CAR, change

from carprice.access.keys import add_key

UNDOCUMENTED = {"/static/{filename}", "/api/docs/{name}"}
BAD_BODIES = {
    400: b"nonsense",
    413: b" " * 70_000,
    415: as_json(UK_CAR),
    422: as_json(change(UK_CAR, year=3, colour="red", make=...)),
}


def read_document(app: Flask) -> dict[str, Any]:
    document: dict[str, Any] = call(app.wsgi_app, "GET", "/api/openapi.json").json
    return document


def make_validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    """Checks against a schema of the document, closed: a field that it does not name is an error."""
    schemas = {name: close_schema(item) for name, item in document["components"]["schemas"].items()}
    return Draft202012Validator(
        {**schema, "components": {"schemas": schemas}}, format_checker=FormatChecker(["date"])
    )


def close_schema(schema: Any) -> Any:
    if isinstance(schema, list):
        return [close_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: close_schema(item) for key, item in schema.items()}
    if isinstance(schema.get("properties"), dict) and "required" in schema:
        closed.setdefault("additionalProperties", False)
    return closed


def check(document: dict[str, Any], method: str, path: str, result: Result) -> None:
    """The answer is one that the document announces."""
    response = document["paths"][path][method.lower()]["responses"][str(result.status)]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    for name in response["headers"]:
        assert result.header(name), name
    schema = response["content"][result.header("Content-Type")]["schema"]
    make_validator(document, schema).validate(result.json)


@pytest.fixture(params=["small_bundle", "dated_bundle", "titled_bundle"])
def any_app(request: pytest.FixtureRequest, make_app: MakeApp) -> Flask:
    return make_app(artifacts_dir=request.getfixturevalue(request.param))


def test_the_document_is_valid(any_app: Flask) -> None:
    OpenAPIV31SpecValidator(read_document(any_app)).validate()


def test_every_route_is_documented(app: Flask) -> None:
    documented = {(path, method) for path, item in read_document(app)["paths"].items() for method in item}
    routes = {
        (rule.rule.replace("<path:", "{").replace(">", "}"), method.lower())
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if method not in ("HEAD", "OPTIONS") and not rule.endpoint.startswith("clients.")  # docs/clients.md
    }
    assert {route for route in routes if route[0] not in UNDOCUMENTED} == documented


def test_operations_have_names_of_their_own(app: Flask) -> None:
    operations = [item for path in read_document(app)["paths"].values() for item in path.values()]
    assert len({item["operationId"] for item in operations}) == len(operations)


@pytest.mark.parametrize("path", ["/info/status", "/info/features", "/info/model", "/livez", "/readyz"])
def test_information_is_as_documented(any_app: Flask, path: str) -> None:
    check(read_document(any_app), "GET", path, call(any_app.wsgi_app, "GET", path))


def test_valuations_are_as_documented(app: Flask) -> None:
    document = read_document(app)
    named = document["paths"]["/predict/price"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    example = named["ok"]["value"]
    asked = [change(UK_CAR, asking_price=price, model=model) for price, model in ((9995, "Fiesta"), (None, "A3"))]
    asked.append(change(UK_CAR, asking_price=1.5, model="A3"))
    for car in (example, UK_CAR, change(UK_CAR, make="Frod", mileage=400_000, tax=None), *asked):
        for query in ("", "?explain=1", "?comparables=3"):
            result = call(app.wsgi_app, "POST", f"/predict/price{query}", as_json(car))
            assert result.status == 200
            check(document, "POST", "/predict/price", result)
    rows = [UK_CAR, {}, 3, change(UK_CAR, model="?")]
    check(document, "POST", "/predict/batch", call(app.wsgi_app, "POST", "/predict/batch", as_json(rows)))


@pytest.mark.parametrize("status", BAD_BODIES)
@pytest.mark.parametrize("path", ["/predict/price", "/predict/batch"])
def test_problems_are_as_documented(make_app: MakeApp, path: str, status: int) -> None:
    app = make_app(max_body_bytes=65_536)
    kind = "text/csv" if status == 415 else "application/json"
    result = call(app.wsgi_app, "POST", path, BAD_BODIES[status], kind=kind)
    assert result.status == status
    check(read_document(app), "POST", path, result)


def test_the_missing_model_is_as_documented(app: Flask, make_app: MakeApp, tmp_path: Path) -> None:
    document = read_document(app)
    empty = make_app(artifacts_dir=tmp_path / "none")
    for path in ("/info/status", "/info/features", "/info/model", "/readyz"):
        check(document, "GET", path, call(empty.wsgi_app, "GET", path))
    check(document, "POST", "/predict/price", call(empty.wsgi_app, "POST", "/predict/price", as_json(UK_CAR)))


def test_keys_are_as_documented(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(api_keys=str(tmp_path / "keys"))
    secrets = {name: add_key(tmp_path / "keys", name, [name])[0] for name in ("price", "feedback", "admin")}

    def ask(method: str, path: str, name: str = "") -> Result:
        given = {"Authorization": f"Bearer {secrets[name]}"} if name else {}
        return call(app.wsgi_app, method, path, b"{}" if method == "POST" else None, headers=given)

    document: dict[str, Any] = ask("GET", "/api/openapi.json", "price").json
    OpenAPIV31SpecValidator(document).validate()
    assert document["paths"]["/livez"]["get"]["security"] == []
    for method, path, other in (
        ("POST", "/predict/price", "admin"),
        ("POST", "/feedback", "price"),
        ("GET", "/info/model", "feedback"),
    ):
        check(document, method, path, ask(method, path))
        check(document, method, path, ask(method, path, other))


CARS = [
    ("small_bundle", UK_CAR, True),
    ("small_bundle", change(UK_CAR, tax=None, mpg=...), True),
    ("small_bundle", change(UK_CAR, make="Frod", mileage=400_000), True),
    ("small_bundle", change(UK_CAR, year=2017.0), True),
    ("small_bundle", change(UK_CAR, make=...), False),
    ("small_bundle", change(UK_CAR, make=None), False),
    ("small_bundle", change(UK_CAR, make=""), False),
    ("small_bundle", change(UK_CAR, make="x" * 101), False),
    ("small_bundle", change(UK_CAR, year=1979), False),
    ("small_bundle", change(UK_CAR, year=2017.5), False),
    ("small_bundle", change(UK_CAR, mileage="15944"), False),
    ("small_bundle", change(UK_CAR, mileage=500_001), False),
    ("small_bundle", change(UK_CAR, colour="red"), False),
    ("dated_bundle", DATED_CAR, True),
    ("titled_bundle", TITLED_CAR, True),
    ("titled_bundle", change(TITLED_CAR, title=None), True),
    ("titled_bundle", change(TITLED_CAR, title="x" * 201), False),
    ("titled_bundle", change(TITLED_CAR, title=3), False),
    ("dated_bundle", change(DATED_CAR, inspected=None, towbar=None, seats=..., colour=...), True),
    ("dated_bundle", change(DATED_CAR, colour="no such colour"), True),
    ("dated_bundle", change(DATED_CAR, registered="2015-02-30"), False),
    ("dated_bundle", change(DATED_CAR, leather="yes"), False),
    ("dated_bundle", change(DATED_CAR, seats=0), False),
]


@pytest.mark.parametrize(("bundle", "car", "is_good"), CARS)
def test_the_schema_takes_what_the_service_takes(
    make_app: MakeApp, request: pytest.FixtureRequest, bundle: str, car: dict[str, Any], is_good: bool
) -> None:
    app = make_app(artifacts_dir=request.getfixturevalue(bundle))
    document = read_document(app)
    schema = make_validator(document, {"$ref": "#/components/schemas/Listing"})
    assert schema.is_valid(car) == is_good
    assert (call(app.wsgi_app, "POST", "/predict/price", as_json(car)).status == 200) == is_good


def test_fields_have_the_limits_of_their_market_and_no_values_of_a_model(app: Flask) -> None:
    fields = read_document(app)["components"]["schemas"]["Listing"]["properties"]
    assert fields["make"] == {"type": "string", "title": "Make", "minLength": 1, "maxLength": 100}
    assert (fields["year"]["minimum"], fields["year"]["maximum"]) == (1980, 2021)
    assert fields["mileage"]["description"] == "In mi."
    assert fields["tax"]["type"] == ["number", "null"]


def test_another_model_of_the_market_changes_no_type(app: Flask, make_app: MakeApp, tmp_path: Path) -> None:
    market = find_state(app).require_model().pricer.market
    listings = invent_uk_listings(market, 600, seed=2)
    grow_bundle(tmp_path / "other", listings.filter(listings["make"] == "Ford"), market)
    other = make_app(artifacts_dir=tmp_path / "other")
    makes = [call(each.wsgi_app, "GET", "/info/features").json["fields"][0]["values"] for each in (app, other)]
    assert makes[0] != makes[1]
    assert leave_words_out(read_document(app)) == leave_words_out(read_document(other))


def test_without_a_model_only_the_fields_of_a_listing_are_open(
    any_app: Flask, make_app: MakeApp, tmp_path: Path
) -> None:
    empty, full = read_document(make_app(artifacts_dir=tmp_path / "none")), read_document(any_app)
    OpenAPIV31SpecValidator(empty).validate()
    limits = full["components"]["schemas"]["Feedback"]["properties"]["price"]
    del limits["minimum"], limits["maximum"]
    for document in (empty, full):
        listing = document["components"]["schemas"].pop("Listing")
        assert listing["type"] == "object"
    assert leave_words_out(empty) == leave_words_out(full)


def leave_words_out(document: Any) -> Any:
    """The document without what only people read."""
    if isinstance(document, list):
        return [leave_words_out(item) for item in document]
    if not isinstance(document, dict):
        return document
    words = ("description", "example", "examples")
    return {key: leave_words_out(item) for key, item in document.items() if key not in words}


def test_named_examples_are_answered_as_they_say(any_app: Flask) -> None:
    document = read_document(any_app)
    operation = document["paths"]["/predict/price"]["post"]
    asked = operation["requestBody"]["content"]["application/json"]["examples"]
    said = operation["responses"]["200"]["content"]["application/json"]["examples"]
    assert "ok" in asked
    for name, example in asked.items():
        result = call(any_app.wsgi_app, "POST", "/predict/price", as_json(example["value"]))
        if name == "refused":
            problem = document["components"]["responses"]["422"]["content"]["application/problem+json"]["example"]
            assert result.problem == {**problem, "instance": result.problem["instance"]}
        else:
            assert result.json == said[name]["value"]
            assert bool(result.json["warnings"]) == (name == "misspelt")


def test_every_problem_has_its_own_example(app: Flask) -> None:
    document = read_document(app)
    found = document["components"]["responses"]
    for status, response in found.items():
        example = response["content"]["application/problem+json"]["example"]
        assert str(example["status"]) == status
        make_validator(document, document["components"]["schemas"]["Problem"]).validate(example)
