"""Golden listings through every form: what POST /predict/batch answers, to the last bit."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from tests.api.calls import JSON, as_json, call, find_state
from tests.api.clients.forms import AMOUNTS, CSV, FORMS, VERTEX, Form, read_amounts, read_error
from tests.api.conftest import MakeApp
from tests.model.cars import UK_CAR, change

from carprice.api.clients.tensors import OUTPUTS

BUNDLES = ("small_bundle", "dated_bundle", "titled_bundle")
BAD = change(UK_CAR, year="old")
INFER = "/v2/models/cars/infer"


@pytest.fixture
def served(make_app: MakeApp) -> Flask:
    return make_app(health_route="/given/health", predict_route="/given/predict")


def ask(app: Flask, form: Form, listings: list[dict[str, Any]], **options: Any) -> Any:
    return call(app.wsgi_app, "POST", form.path, form.write(listings, **options), kind=form.kind)


@pytest.mark.parametrize("bundle", BUNDLES)
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_golden_listings(make_app: MakeApp, request: pytest.FixtureRequest, bundle: str, form: Form) -> None:
    app = make_app(artifacts_dir=request.getfixturevalue(bundle), predict_route="/given/predict")
    model = find_state(app).model
    assert model
    golden = [item["listing"] for item in model.pricer.manifest["golden"]]
    result = ask(app, form, golden)
    assert result.status == 200, result.body
    expected = read_amounts(call(app.wsgi_app, "POST", "/predict/batch", as_json(golden)).json)
    assert read_amounts(result.json) == expected
    assert len(expected) == len(golden)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_bad_row_fails_the_batch_in_the_words_of_its_protocol(served: Flask, form: Form) -> None:
    result = ask(served, form, [UK_CAR, change(UK_CAR, year=1000), change(UK_CAR, year=1001)])
    assert result.status == 400
    told = read_error(result)
    assert told.startswith("Row 2: 1 field is wrong: year: should be from 1980 to 2021 (1 more row has")
    assert told.endswith(" The parameter partial prices the other rows") == (form.kind == JSON)
    assert ("error_code" in result.json) == (form.path == "/invocations")


@pytest.mark.parametrize("form", [form for form in FORMS.values() if form.kind == JSON])
def test_partial_prices_the_other_rows(served: Flask, form: Form) -> None:
    result = ask(served, form, [change(UK_CAR, year=1000), UK_CAR], partial=True)
    assert result.status == 200
    none, amounts = read_amounts(result.json)
    assert none == (None, None, None)
    assert amounts == read_amounts(ask(served, form, [UK_CAR]).json)[0]
    if form.path == INFER:
        problems = result.json["outputs"][-1]
        assert problems["name"] == "problem"
        assert problems["data"][0].startswith("1 field is wrong: year: should be from 1980 to 2021")
        assert problems["data"][1] == ""
    else:
        assert result.json["predictions"][0]["status"] == 422


def test_a_prediction_says_all_that_a_batch_says(served: Flask) -> None:
    odd = change(UK_CAR, make="Frod")
    expected = call(served.wsgi_app, "POST", "/predict/batch", as_json([odd])).json
    assert ask(served, FORMS["v1"], [odd]).json == {"predictions": expected["results"]}
    outputs = {item["name"]: item for item in ask(served, FORMS["v2"], [odd]).json["outputs"]}
    assert list(outputs) == [name for name in OUTPUTS if name != "problem"]
    assert outputs["warnings"]["data"][0].startswith("unknown_category:make")
    assert outputs["confidence"]["data"] == ["low"]
    assert [outputs[name]["datatype"] for name in AMOUNTS] == ["FP64"] * 3


def test_an_old_model_warns_with_every_prediction(make_app: MakeApp) -> None:
    app = make_app(max_model_days=1)
    about_the_model = call(app.wsgi_app, "POST", "/predict/batch", as_json([UK_CAR])).json["warnings"]
    warnings = ask(app, FORMS["vertex"], [UK_CAR]).json["predictions"][0]["warnings"]
    assert warnings[len(warnings) - len(about_the_model) :] == about_the_model


def test_what_is_missing(served: Flask) -> None:
    """pandas writes NaN, tensors have no null, and a CSV has empty cells."""
    expected = read_amounts(
        call(served.wsgi_app, "POST", "/predict/batch", as_json([change(UK_CAR, mpg=...)])).json
    )
    missing = [change(UK_CAR, mpg=None)]
    for form in FORMS.values():
        if form.path != INFER:
            assert read_amounts(ask(served, form, missing).json) == expected
    nan = FORMS["split"].write([change(UK_CAR, mpg=float("nan"))])
    assert b"NaN" in nan
    assert read_amounts(call(served.wsgi_app, "POST", "/invocations", nan).json) == expected


@pytest.mark.parametrize("is_complete", [True, False])
def test_tensors_as_bytes(served: Flask, is_complete: bool) -> None:
    car = UK_CAR if is_complete else change(UK_CAR, mpg=float("nan"))
    head, data = [], b""
    for name, value in car.items():
        text = str(value).encode()
        piece = struct.pack("<I", len(text)) + text if isinstance(value, str) else struct.pack("<d", value)
        kind = "BYTES" if isinstance(value, str) else "FP64"
        sizes = {"binary_data_size": len(piece)}
        head.append({"name": name, "shape": [1, 1], "datatype": kind, "parameters": sizes})
        data += piece
    start = as_json({"inputs": head, "parameters": {"binary_data_output": True}})
    length = {"Inference-Header-Content-Length": str(len(start))}
    kind = "application/octet-stream"
    result = call(served.wsgi_app, "POST", INFER, start + data, kind=kind, headers=length)
    listing = car if is_complete else change(UK_CAR, mpg=...)
    expected = call(served.wsgi_app, "POST", "/predict/batch", as_json([listing]))
    assert read_amounts(result.json) == read_amounts(expected.json)
    for body, told in (
        (start + data[:-1], "should have its binary_data_size in bytes behind the JSON, or data"),
        (start + data + b"x", "The body has 1 bytes that belong to no input"),
        (b"{}", "Inference-Header-Content-Length should be at most 2, the length of the body"),
    ):
        result = call(served.wsgi_app, "POST", INFER, body, kind=kind, headers=length)
        assert (result.status, told in read_error(result)) == (400, True), result.body


def tensor(name: str = "year", shape: Any = (1,), datatype: str = "FP64", data: Any = (2016,)) -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


BAD_BODIES = [
    ("/invocations", b"[]", "The body should be a JSON object"),
    ("/invocations", b"{", "The body is not JSON: "),
    ("/invocations", b'{"inputs": [Infinity]}', "The body has Infinity, which is no number"),
    ("/invocations", b"{}", "The body should have exactly one of dataframe_split, dataframe_records, instances,"),
    ("/invocations", b'{"inputs": [], "instances": []}', "inputs (got instances, inputs)"),
    ("/invocations", b'{"inputs": [], "coverage": 1}', "The body has 'coverage' beside inputs"),
    ("/invocations", b'{"inputs": 3}', "inputs should be a list with an object for each car"),
    ("/invocations", b'{"inputs": {"year": [1], "make": []}}', "The columns should have one length (got 0, 1)"),
    ("/invocations", b'{"inputs": [], "params": {"x": 1}}', "There is no parameter 'x'; there is partial"),
    ("/invocations", b'{"inputs": [], "params": {"partial": 1}}', "partial should be true or false"),
    ("/invocations", b'{"dataframe_split": []}', "dataframe_split should have columns and data"),
    (
        "/invocations",
        b'{"dataframe_split": {"columns": ["a"], "data": [[1, 2]]}}',
        "Row 1 of dataframe_split.data should be a list of 1 values",
    ),
    (
        "/invocations",
        b'{"dataframe_split": {"columns": ["a", "a"], "data": []}}',
        "A column stands there twice: 'a'",
    ),
    ("/v1/models/m:predict", b'{"inputs": []}', "The body should have exactly one of instances (got none)"),
    ("/v1/models/m:predict", b'{"instances": [[2016]]}', "Row 1: 1 field is wrong: #: should be an object"),
    (VERTEX, b'{"instances": {}}', "instances should be a list with an object for each car"),
    (INFER, b"[]", "The body is not an inference request: Expected `object`, got `array`"),
    (INFER, as_json({"inputs": [tensor(shape=[2])]}), "'year' should have 2 values, as its shape says (got 1)"),
    (INFER, as_json({"inputs": [tensor(shape=[1, 2])]}), "'year' should have shape [N] or [N, 1] (got [1, 2])"),
    (INFER, as_json({"inputs": [tensor(datatype="FP8")]}), "'year' should be BYTES or one of BOOL, INT8"),
    (INFER, as_json({"inputs": [tensor(), tensor()]}), "The input 'year' stands there twice"),
    (
        INFER,
        as_json({"inputs": [tensor()], "outputs": [{"name": "x"}]}),
        "There is no output 'x'; there are price,",
    ),
    (
        INFER,
        as_json({"inputs": [tensor()], "parameters": {"x": 1}}),
        "There is no parameter 'x'; there is partial",
    ),
]


@pytest.mark.parametrize(("path", "body", "told"), BAD_BODIES)
def test_bad_bodies(app: Flask, path: str, body: bytes, told: str) -> None:
    result = call(app.wsgi_app, "POST", path, body)
    assert result.status == 400
    assert told in read_error(result)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "The first line of the CSV should name the fields; GET /info/features lists them"),
        (b"2016,Ford\n", "The first line of the CSV should name the fields; GET /info/features lists them"),
        (b"make,year\nFord\n", "Row 1 of the CSV has 1 cells, its first line 2"),
        (b"make,make\n", "A column stands there twice: 'make'"),
        (b"make\n\xff\n", "The body is not UTF-8 at byte 5"),
        (b'make\n"Ford\n', "The body is not CSV: unexpected end of data"),
        (b"make,year\nFord,old\n", "year: should be a whole number"),
        (b",make\n0,Ford\n", "Row 1: "),
    ],
)
def test_bad_csv(app: Flask, body: bytes, told: str) -> None:
    result = call(app.wsgi_app, "POST", "/invocations", body, kind=CSV)
    assert result.status == 400
    assert told in read_error(result)


def test_types_that_nobody_reads(app: Flask) -> None:
    for path, kind in (
        ("/invocations", "application/x-parquet"),
        ("/invocations", f"{JSON}; charset=latin-1"),
        ("/v1/models/m:predict", CSV),
        (INFER, CSV),
    ):
        result = call(app.wsgi_app, "POST", path, b"{}", kind=kind)
        assert result.status == 415
        assert read_error(result).startswith("The body should be ")


def test_limits_are_those_of_the_batch(make_app: MakeApp) -> None:
    app = make_app(max_batch_rows=1, max_body_bytes=2000)
    for form in FORMS.values():
        if form.path.startswith("/given"):
            continue
        result = ask(app, form, [UK_CAR, UK_CAR])
        assert (result.status, read_error(result)) == (413, "A batch should have at most 1 listings")
        result = ask(app, form, [UK_CAR] * 100)
        assert (result.status, read_error(result)) == (413, "The body should have at most 2000 bytes")


def test_the_answer_has_what_was_asked_for(served: Flask) -> None:
    body = as_json({**json.loads(FORMS["v2"].write([UK_CAR])), "id": "7", "outputs": [{"name": "high"}]})
    result = call(served.wsgi_app, "POST", INFER, body, kind=None)
    answer = result.json
    assert (answer["id"], [item["name"] for item in answer["outputs"]]) == ("7", ["high"])
    assert answer["model_name"] == "cars"
    assert answer["model_version"] == result.header("X-Model-Version")
    assert answer["parameters"]["currency"] == "GBP"


def test_a_folder_that_is_the_bundle_itself(make_app: MakeApp, small_bundle: Path, tmp_path: Path) -> None:
    version = (small_bundle / "champion").read_text().strip()
    mounted = tmp_path / "model"
    mounted.symlink_to(small_bundle / version)
    for wanted in ("", version):
        app = make_app(artifacts_dir=mounted, model_version=wanted, fallback_dir=str(small_bundle))
        status = call(app.wsgi_app, "GET", "/info/status").json
        assert (status["model_version"], status["source"]) == (version, "artifacts")
