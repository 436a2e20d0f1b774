"""The paths of other model servers besides their predictions, and who may use them."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from tests.api.calls import as_json, call, find_state
from tests.api.clients.forms import FORMS, VERTEX, read_error
from tests.api.conftest import MakeApp
from tests.model.cars import UK_CAR

from carprice.access.keys import add_key
from carprice.access.scopes import FEEDBACK, PRICE

PROBES = ("/ping", "/v2/health/live", "/v2/health/ready", "/v2/models/cars/ready", VERTEX, "/given/health")
OPEN = PROBES[:3]


def read_json(app: Flask, path: str) -> Any:
    result = call(app.wsgi_app, "GET", path)
    assert result.status == 200
    return result.json


@pytest.mark.parametrize("path", PROBES)
def test_probes(make_app: MakeApp, path: str) -> None:
    """SageMaker wants no body; KServe's client reads one."""
    result = call(make_app(health_route="/given/health").wsgi_app, "GET", path)
    told = b"" if not path.startswith("/v2/") else b'{"live":true}' if path.endswith("live") else b'{"ready":true}'
    assert (result.status, result.body) == (200, told)


@pytest.mark.parametrize("path", PROBES)
def test_probes_without_a_model(make_app: MakeApp, tmp_path: Path, path: str) -> None:
    app = make_app(artifacts_dir=tmp_path, health_route="/given/health")
    result = call(app.wsgi_app, "GET", path)
    if path.endswith("live"):
        assert result.status == 200
    else:
        assert (result.status, read_error(result)[:20]) == (503, "No model is loaded: ")


def test_what_the_models_are(app: Flask) -> None:
    version = read_json(app, "/info/status")["model_version"]
    assert read_json(app, "/v1/models/cars") == {"name": "cars", "ready": True}
    assert read_json(app, "/v2")["extensions"] == ["binary_tensor_data"]
    about = read_json(app, "/v2/models/cars")
    assert about == read_json(app, f"/v2/models/cars/versions/{version}")
    assert (about["name"], about["versions"]) == ("cars", [version])
    assert {"name": "make", "datatype": "BYTES", "shape": [-1]} in about["inputs"]
    assert {"name": "price", "datatype": "FP64", "shape": [-1]} in about["outputs"]
    for path, method in (("", "GET"), ("/ready", "GET"), ("/infer", "POST")):
        result = call(
            app.wsgi_app, method, f"/v2/models/cars/versions/7{path}", b"{}" if method == "POST" else None
        )
        assert (result.status, read_error(result)) == (404, f"Version '7' is not loaded; {version} is")


def test_how_sagemaker_may_send(app: Flask) -> None:
    assert read_json(app, "/execution-parameters") == {
        "MaxConcurrentTransforms": 2,
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": 8,
    }


def test_given_routes_may_be_those_that_are_there(make_app: MakeApp) -> None:
    app = make_app(health_route="/ping", predict_route="/invocations")
    assert call(app.wsgi_app, "GET", "/ping").status == 200
    assert call(app.wsgi_app, "POST", "/invocations", FORMS["records"].write([UK_CAR])).status == 200


def test_keys_are_needed_as_for_a_batch(make_app: MakeApp, tmp_path: Path) -> None:
    key, other = (add_key(tmp_path, name, [scope])[0] for name, scope in (("a", PRICE), ("b", FEEDBACK)))
    app = make_app(api_keys=str(tmp_path), health_route="/given/health", predict_route="/given/predict")
    for path in PROBES:
        result = call(app.wsgi_app, "GET", path)
        assert result.status == (200 if path in OPEN else 401)
    for form in FORMS.values():
        statuses = []
        for headers in ({}, {"Authorization": f"Bearer {other}"}, {"Authorization": f"Bearer {key}"}):
            body = form.write([UK_CAR])
            result = call(app.wsgi_app, "POST", form.path, body, kind=form.kind, headers=headers)
            statuses.append(result.status)
            if result.status != 200:
                assert "API key" in read_error(result)
                assert result.header("WWW-Authenticate")
        assert statuses == [401, 403, 200]


def test_rates_are_those_of_the_service(make_app: MakeApp) -> None:
    app = make_app(address_rate="1/s")

    def come(environ: dict[str, Any], start: Any) -> Any:
        return app.wsgi_app({**environ, "REMOTE_ADDR": "198.51.100.7"}, start)

    answers = [call(come, "GET", "/v1/models/cars") for _ in range(3)]
    assert [answer.status for answer in answers][-1] == 429
    assert read_error(answers[-1]) == "More requests came than the rate allows; try again later"
    assert answers[-1].header("Retry-After") == "1"


def test_paths_that_are_none(app: Flask) -> None:
    for method, path, status in (
        ("GET", "/v2/nothing", 404),
        ("GET", "/v1/models/cars:explain/x", 404),
        ("GET", "/invocations", 405),
        ("POST", "/ping", 405),
    ):
        result = call(app.wsgi_app, method, path)
        assert result.status == status
        assert read_error(result)


def test_a_bug_is_said_in_the_words_of_the_protocol(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find_state(app).model, "pricer", None)
    result = call(app.wsgi_app, "POST", "/v1/models/cars:predict", as_json({"instances": [UK_CAR]}))
    assert result.status == 500
    assert read_error(result) == "The service failed on this request; its log has the reason"


def test_predictions_are_counted_by_their_route(app: Flask) -> None:
    call(app.wsgi_app, "POST", VERTEX, as_json({"instances": [UK_CAR]}))
    assert (
        'http_route="/v1/endpoints/<endpoint>/deployedModels/<model>:predict"'
        in call(app.wsgi_app, "GET", "/metrics").body.decode()
    )
