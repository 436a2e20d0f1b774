"""The clients of other model servers against a real process: what POST /predict/batch answers, to the last bit."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.api.calls import as_json
from tests.api.clients.forms import read_amounts
from tests.api.process import Server

from carprice.model.bundle.manifest import find_bundle, read_manifest

CLIENTS = "CLIENTS_VENV"


@pytest.fixture(scope="module")
def server(root: Path, small_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(root, tmp_path_factory.mktemp("server"), artifacts_dir=small_bundle)
    try:
        yield made.wait_up()
    finally:
        made.end()


@pytest.fixture(scope="module")
def golden(small_bundle: Path) -> list[dict[str, Any]]:
    """Golden listings that have every field: a column of texts has no place for none."""
    manifest = read_manifest(find_bundle(small_bundle))
    listings = [item["listing"] for item in manifest["golden"]]
    names = max(map(set, listings), key=len)  # type: ignore[arg-type]
    return [each for each in listings if set(each) == names and None not in each.values()]


@pytest.fixture(scope="module")
def expected(server: Server, golden: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    assert len(golden) > 2
    return read_amounts(json.loads(server.ask("POST", "/predict/batch", as_json(golden))[1]))


def test_mlflow(server: Server, golden: list[dict[str, Any]], expected: list[tuple[Any, ...]]) -> None:
    from mlflow.pyfunc.scoring_server.client import ScoringServerClient
    from pandas import DataFrame  # type: ignore[import-untyped]

    client = ScoringServerClient("127.0.0.1", server.port)
    client.ping()
    frame = DataFrame(golden)
    for data in (frame, golden):
        answer = client.invoke(data)
        assert read_amounts(answer) == expected
    assert answer.get_predictions()["price"].tolist() == [row[0] for row in expected]
    frame.loc[0, "mpg"] = float("nan")
    left_out = [{**golden[0], "mpg": None}]
    alone = read_amounts(json.loads(server.ask("POST", "/predict/batch", as_json(left_out))[1]))
    assert read_amounts(client.invoke(frame))[:1] == alone
    frame.loc[0, "year"] = 1000
    assert read_amounts(client.invoke(frame, {"partial": True}))[1:] == expected[1:]
    with pytest.raises(Exception, match=r"error code 400, .*BAD_REQUEST.*Row 1: 1 field is wrong: year: "):
        client.invoke(frame)


def test_triton_and_kserve(
    root: Path, server: Server, golden: list[dict[str, Any]], expected: list[tuple[Any, ...]]
) -> None:
    python = Path(os.environ.get(CLIENTS, root / "var" / "clients")) / "bin" / "python"
    if not python.exists():
        pytest.skip(f"no clients in {python.parents[1]}; .ci/run installs them, {CLIENTS} names another place")
    done = subprocess.run(
        [python, Path(__file__).with_name("ask_real.py"), f"http://127.0.0.1:{server.port}"],
        input=json.dumps(golden),
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == {"triton", "triton bytes", "kserve v1", "kserve v2", "kserve v2 bytes"}
    for client, rows in found.items():
        assert [tuple(row) for row in rows] == expected, client
