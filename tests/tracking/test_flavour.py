"""The model in MLflow's format: the pricer's own prices, from nothing but what the format holds."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from msgspec.structs import replace

from carprice.model.bundle.manifest import champion_version, find_bundle, read_manifest
from carprice.model.pricer import Pricer, load_pricer
from carprice.tracking.flavour import LIBRARIES, save_pricer
from carprice.tracking.listing_pricer import COLUMNS, ListingPricer

CAR = {"make": "Ford", "model": "Fiesta", "year": 2017, "transmission": "Manual", "mileage": 15944}
CAR |= {"fuel": "Petrol", "tax": 125, "mpg": 65.7, "engine_size": 1.0}

LOAD = """
import json, sys
import mlflow.pyfunc, pandas
model = mlflow.pyfunc.load_model(sys.argv[1])
cars = json.loads(sys.argv[2])
import carprice
found = model.predict(pandas.DataFrame(cars)).to_dict("records")
print(json.dumps([carprice.__file__, found]))
"""


@pytest.fixture(scope="module")
def bundle(small_bundle: Path) -> Path:
    return find_bundle(small_bundle)


@pytest.fixture
def pricer(bundle: Path) -> Pricer:
    return load_pricer(bundle)


@pytest.fixture(scope="module")
def saved(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mlflow") / "model"
    save_pricer(folder, bundle, read_manifest(bundle))
    return folder


def expect(pricer: Pricer, car: dict[str, Any]) -> dict[str, Any]:
    found = pricer.price(car)
    warnings = "; ".join(f"{item.code}:{item.field}" for item in found.warnings) or None
    amounts = {name: getattr(found, name) for name in ("price", "low", "high", "confidence")}
    return {**amounts, "warnings": warnings, "problem": None}


@pytest.mark.slow
def test_a_process_without_our_source_prices_as_we_do(saved: Path, pricer: Pricer) -> None:
    cars = [CAR, CAR | {"make": "Lada", "mileage": 120_000}]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", LOAD, str(saved), json.dumps(cars)],
        env=environment | {"MLFLOW_DISABLE_TELEMETRY": "true"},
        cwd=saved,
        capture_output=True,
        text=True,
        check=True,
    )
    file, found = json.loads(done.stdout)
    assert file == str(saved / "code" / "carprice" / "__init__.py")
    assert found == [expect(pricer, car) for car in cars]


def test_it_says_its_fields_and_its_libraries(saved: Path) -> None:
    import mlflow.models

    model = mlflow.models.Model.load(str(saved))
    assert [(item.name, item.required) for item in model.signature.inputs] == [
        *((name, True) for name in ("make", "model", "year", "transmission", "mileage", "fuel")),
        *((name, False) for name in ("tax", "mpg", "engine_size")),
    ]
    assert model.signature.outputs.input_names() == list(COLUMNS)
    lines = (saved / "requirements.txt").read_text().split()
    assert [line.split("==")[0] for line in lines] == list(LIBRARIES)


FRAMES = {
    "whole numbers": {},
    "fractions": {"year": 2017.0, "mileage": 15944.0, "tax": 125.0},
    "no value": {"mpg": None, "tax": float("nan")},
    "no column": {"mpg": ..., "engine_size": ...},
    "another column": {"seller": "Tom"},
}


@pytest.fixture(autouse=True)
def keep_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow puts a model's own code before everything else, where another test's processes would find it."""
    monkeypatch.setattr(sys, "path", sys.path)


@pytest.mark.parametrize("case", FRAMES)
def test_frames_as_people_have_them(case: str, saved: Path, pricer: Pricer) -> None:
    import mlflow.pyfunc

    given = {name: value for name, value in (CAR | FRAMES[case]).items() if value is not ...}
    found = mlflow.pyfunc.load_model(str(saved)).predict(pd.DataFrame([given, given]))
    known = {name: value for name, value in given.items() if value == value and name in CAR}
    assert found.to_dict("records") == [expect(pricer, known)] * 2
    assert {str(found[name].dtype) for name in ("price", "low", "high")} == {"int64"}


def test_every_golden_listing_has_the_price_of_the_bundle(saved: Path, bundle: Path) -> None:
    import mlflow.pyfunc

    golden = read_manifest(bundle)["golden"]
    found = mlflow.pyfunc.load_model(str(saved)).predict(pd.DataFrame([item["listing"] for item in golden]))
    assert found["price"].tolist() == [round(item["price"]) for item in golden]


def test_a_wrong_row_says_so_and_stops_no_other(pricer: Pricer) -> None:
    frame = pd.DataFrame([CAR, CAR | {"year": 2060, "make": " "}, CAR], index=[7, 8, 9])
    found = ListingPricer(pricer).predict(frame)
    assert found.index.tolist() == [7, 8, 9]
    assert found.loc[8].to_dict() == dict.fromkeys(COLUMNS) | {
        "problem": "make: should be a text; year: should be from 1980 to 2021"
    }
    assert [found.loc[row].to_dict() for row in (7, 9)] == [expect(pricer, CAR)] * 2


def test_a_car_that_is_not_valued_has_its_reason(pricer: Pricer) -> None:
    pricer.market = replace(pricer.market, price=replace(pricer.market.price, refuse=True))
    found = ListingPricer(pricer).predict(pd.DataFrame([CAR | {"make": "Lada"}]))
    assert found["price"].tolist() == [None]
    assert found["problem"][0].startswith("not valued: make was not among the training listings")


def test_no_row_is_no_price(pricer: Pricer) -> None:
    found = ListingPricer(pricer).predict(pd.DataFrame(columns=list(CAR)))
    assert (len(found), list(found.columns)) == (0, list(COLUMNS))


def test_flags_and_dates(dated_bundle: Path, tmp_path: Path) -> None:
    import mlflow.pyfunc

    bundle = dated_bundle / (champion_version(dated_bundle) or "")
    save_pricer(tmp_path / "model", bundle, read_manifest(bundle))
    cars = [item["listing"] for item in read_manifest(bundle)["golden"]]
    found = mlflow.pyfunc.load_model(str(tmp_path / "model")).predict(pd.DataFrame(cars))
    assert found.to_dict("records") == [expect(load_pricer(bundle), car) for car in cars]
