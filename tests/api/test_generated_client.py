"""A client that openapi-python-client generates from the document, against a real server: every operation."""

import importlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.api.calls import call
from tests.api.conftest import MakeApp
from tests.api.process import Server
from tests.model.cars import UK_CAR, change

pytestmark = pytest.mark.slow

CSV = b"make,model,year,mileage\nFord,Fiesta,2017,15k\n"


def generate(document: dict[str, Any], folder: Path, name: str) -> None:
    """The package of that name in the folder."""
    (folder / f"{name}.json").write_text(json.dumps(document))
    (folder / "options.yml").write_text("post_hooks: []\n")  # it would format what it writes
    argv = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"]
    paths = ["--path", f"{name}.json", "--output-path", name, "--config", "options.yml"]
    done = subprocess.run([*argv, *paths], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def server(root: Path, small_bundle: Path, tmp_path: Path) -> Iterator[Server]:
    started = Server(root, tmp_path, artifacts_dir=small_bundle, var_dir=tmp_path / "var")
    try:
        yield started.wait_up()
    finally:
        started.end()


class Client:
    """A generated package, its operations called by name."""

    def __init__(self, name: str, port: int) -> None:
        self.name = name
        self.client = self.load("client").Client(base_url=f"http://127.0.0.1:{port}")

    def load(self, module: str) -> Any:
        return importlib.import_module(f"{self.name}.{module}")

    def ask(self, operation: str, **arguments: Any) -> Any:
        """The parsed answer, which has to be 200."""
        answer = self.load(f"api.{operation}").sync_detailed(client=self.client, **arguments)
        assert answer.status_code == 200, (operation, answer.content)
        return answer.parsed


@pytest.mark.parametrize("has_model", [True, False], ids=["of a model", "of none"])
def test_it_asks_every_endpoint(
    has_model: bool, make_app: MakeApp, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app() if has_model else make_app(artifacts_dir=tmp_path / "none")
    document = call(app.wsgi_app, "GET", "/api/openapi.json").json
    name = "client_of_model" if has_model else "client_of_none"
    generate(document, tmp_path, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    client = Client(name, server.port)
    models = client.load("models")
    car = models.Listing.from_dict(UK_CAR)

    asked = ask_predictions(client, car)
    types = client.load("types")
    file = types.File(payload=io.BytesIO(CSV), file_name="cars.csv", mime_type="text/csv")
    priced = client.ask("pages.price_file", body=models.PriceFileBody(file=file, as_="csv"))
    assert "Ford,Fiesta,2017,15k," in priced
    asked.add("pages.price_file")
    assert client.ask("info.read_document")["openapi"] == "3.1.0"
    assert client.ask("info.read_features").fields[0].values
    assert client.ask("info.read_model").metrics.overall.mae > 0
    for item in document["paths"].values():
        if operation := item.get("get"):
            path = f"{operation['tags'][0]}.{snake(operation['operationId'])}"
            assert client.ask(path) or path == "info.show_document"
            asked.add(path)
    operations = [each for item in document["paths"].values() for each in item.values()]
    assert asked == {f"{each['tags'][0]}.{snake(each['operationId'])}" for each in operations}


def ask_predictions(client: Client, car: Any) -> set[str]:
    models = client.load("models")
    for explain in ("1", "model", 1):
        priced = client.ask("predict.price_one", body=car, explain=explain, group=1, comparables=2, coverage=0.8)
        parts = priced.breakdown.parts
        assert priced.breakdown.base + sum(part.amount for part in parts) == priced.price
        assert len(priced.comparables.listings) == 2
    rows = [car, models.Listing.from_dict(change(UK_CAR, make=...) | {"make": "Frod"})]
    first, second = client.ask("predict.price_many", body=rows).results
    assert first.price != second.price
    order = models.CurveOrder.from_dict({"listing": UK_CAR, "along": "mileage", "points": 3})
    assert len(client.ask("predict.draw_curve", body=order).curve.points) == 3
    sold = models.Feedback.from_dict({"listing": UK_CAR, "price": 9400, "kind": "sold", "day": "2020-06-01"})
    assert client.ask("feedback.keep_feedback", body=sold).new
    refused = client.load("api.predict.price_one").sync(
        client=client.client, body=models.Listing.from_dict(change(UK_CAR, year=1900))
    )
    assert refused.errors[0].pointer == "#/year"
    return {"predict.price_one", "predict.price_many", "predict.draw_curve", "feedback.keep_feedback"}


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
