"""Whole files with wrong values in them: the key and what it should be are named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.model.damage import drop, edit_manifest, edit_pickle, put, refusal

from carprice.model.bundle.manifest import RETRAIN
from carprice.model.pricer import load_pricer


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (drop("version"), "version is missing"),
        (drop("market"), "market is missing"),
        (drop("files"), "files is missing"),
        (drop("golden"), "golden is missing"),
        (put("version", value=3), "version: should be a text (got 3)"),
        (put("market", value=[]), "market: should be an object (got [])"),
        (put("files", value=None), "files: should be an object (got None)"),
        (put("files", value={}), "files.encoders.pkl: should be an object (got None)"),
        (put("files", "scaler.pkl", value="x"), "files.scaler.pkl: should be an object (got 'x')"),
        (
            put("files", "model.pkl", "bytes", value=1.5),
            "files.model.pkl.bytes: should be a whole number (got 1.5)",
        ),
        (put("files", "model.pkl", "sha256", value=None), "files.model.pkl.sha256: should be a text (got None)"),
        (put("golden", value={}), "golden: should be a list (got {})"),
        (put("golden", value=[]), "golden: should be a list that is not empty (got [])"),
        (put("golden", 1, value=[]), "golden[1]: should be an object (got [])"),
        (put("golden", 1, "listing", value="Ford"), "golden[1].listing: should be an object (got 'Ford')"),
        (put("golden", 1, "price", value="9000"), "golden[1].price: should be a number (got '9000')"),
        (put("golden", 1, "low", value=float("nan")), "golden[1].low: should be a finite number (got nan)"),
        (put("golden", 1, "high", value=None), "golden[1].high: should be a number (got None)"),
    ],
)
def test_a_key_of_the_manifest_is_missing_or_wrong(
    bundle_folder: Path, edit: Callable[[dict[str, Any]], Any], message: str
) -> None:
    edit_manifest(bundle_folder, edit)
    assert str(refusal(bundle_folder)) == f"{bundle_folder / 'manifest.json'}: {message}\n{RETRAIN}"


def test_the_manifest_of_another_version(bundle_folder: Path) -> None:
    edit_manifest(bundle_folder, put("version", value="20200101T000000Z"))
    path = bundle_folder / "manifest.json"
    assert str(refusal(bundle_folder)) == (
        f"{path}: version: should be {bundle_folder.name}, as its folder (got '20200101T000000Z')\n{RETRAIN}"
    )


def test_a_version_that_is_none(bundle_folder: Path) -> None:
    folder = bundle_folder.rename(bundle_folder.parent / "candidate")
    load_pricer(folder)  # a folder of another name may hold any version
    edit_manifest(folder, put("version", value="latest"))
    assert refusal(folder).what == (
        f"{folder / 'manifest.json'}: version: should be one such as 20261123T124500Z (got 'latest')"
    )


def as_list(value: dict[str, Any]) -> list[Any]:
    return list(value)


def without(key: str) -> Callable[[dict[str, Any]], None]:
    def edit(model: dict[str, Any]) -> None:
        del model[key]

    return edit


def trees_without(text: str) -> Callable[[dict[str, Any]], None]:
    return lambda model: model.update(trees=model["trees"].replace(text, "", 1))


@pytest.mark.parametrize(
    ("name", "edit", "message"),
    [
        ("encoders.pkl", as_list, "should be an object (got ['make', 'model', 'transmission', 'fuel'])"),
        ("encoders.pkl", lambda _: 3, "should be an object (got 3)"),
        ("encoders.pkl", put("make", value="Ford"), "make: should be a list (got 'Ford')"),
        ("encoders.pkl", put("make", value=["Ford", 3]), "make[1]: should be a text (got 3)"),
        ("encoders.pkl", put("make", value={"Ford": 0}), "make: should be a list (got {'Ford': 0})"),
        ("encoders.pkl", put("make", value=["Ford", "Ford"]), "make: should have each value once"),
        ("scaler.pkl", as_list, "should be an object (got ['year', 'mileage', 'tax', 'mpg', 'engine_size'])"),
        ("scaler.pkl", put("year", value=[1.0]), "year: should be an object (got [1.0])"),
        ("scaler.pkl", lambda scaler: scaler["year"].pop("max") and None, "year: max is missing"),
        ("scaler.pkl", put("year", "mean", value="x"), "year.mean: should be a number (got 'x')"),
        ("scaler.pkl", put("year", "mean", value=True), "year.mean: should be a number (got True)"),
        ("scaler.pkl", put("year", "mean", value=float("inf")), "year.mean: should be a finite number (got inf)"),
        (
            "scaler.pkl",
            put("year", "scale", value=float("nan")),
            "year.scale: should be a finite number (got nan)",
        ),
        ("scaler.pkl", put("year", "scale", value=0.0), "year.scale: should be at least 1e-15 (got 0.0)"),
        ("scaler.pkl", put("year", "scale", value=-2.0), "year.scale: should be at least 1e-15 (got -2.0)"),
        ("model.pkl", lambda _: [3], "should be an object (got [3])"),
        ("model.pkl", put("transform", value="sqrt"), "transform: should be 'log' (got 'sqrt')"),
        ("model.pkl", put("trees", value=b"tree"), "trees: should be a text (got b'tree')"),
        ("model.pkl", put("columns", value="make"), "columns: should be a list (got 'make')"),
        (
            "model.pkl",
            put("depreciation", "keys", value=["brand"]),
            "depreciation.keys: should name columns (got 'brand')",
        ),
        (
            "model.pkl",
            put("depreciation", "center", value=[0.0]),
            "depreciation.center: should have 2 numbers (got 1)",
        ),
        (
            "model.pkl",
            put("depreciation", "starts", value=[0.0]),
            "depreciation.starts: should have 2 numbers (got 1)",
        ),
        (
            "model.pkl",
            lambda model: model["depreciation"]["lines"][1].pop() and None,
            "depreciation.lines[1]: should have 6 numbers (got 5)",
        ),
        (
            "model.pkl",
            lambda model: model["depreciation"].update(lines=model["depreciation"]["lines"][1:]),
            "depreciation.lines: should have one for every car (got none)",
        ),
        (
            "model.pkl",
            put("depreciation", "lines", 0, 3, value=float("nan")),
            "depreciation.lines[0][3]: should be a finite number (got nan)",
        ),
        (
            "model.pkl",
            put("wide", value={"tax": [0.5, 0.1]}),
            "wide.tax: should have each value once, in order (got [0.5, 0.1])",
        ),
        ("model.pkl", put("wide", value={"power": [0.1]}), "wide: should name columns (got 'power')"),
        ("model.pkl", put("flags", value=["power"]), "flags: should name columns (got 'power')"),
        ("model.pkl", put("spread", value=None), "spread: should be a text (got None)"),
        (
            "model.pkl",
            lambda model: model["range"]["quantiles"].pop() and None,
            "range.quantiles: should have 7 tables (got 6)",
        ),
        (
            "model.pkl",
            lambda model: model["range"]["quantiles"][1].pop() and None,
            "range.quantiles[1]: should have 99 numbers (got 98)",
        ),
        (
            "model.pkl",
            put("range", "quantiles", 2, 0, value=9e8),
            "range.quantiles[2]: should be in order (got 9e+08 before QUANTILE)",
        ),
        (
            "model.pkl",
            put("range", "edges", value=[1.0, 0.0, 2.0, 3.0, 4.0]),
            "range.edges: should be in order (got [1.0, 0.0, 2.0, 3.0, 4.0])",
        ),
        ("model.pkl", put("range", "unseen", value=0.0), "range.unseen: should be above 0 (got 0.0)"),
        ("model.pkl", put("level", value=99.0), "level: should be at most 20 (got 99.0)"),
        ("model.pkl", put("as_of", value="2020"), "as_of: should be a whole number (got '2020')"),
        (
            "model.pkl",
            put("unknown_zero", value={"field": "power", "below": 10.0, "year": "year", "newest": 2018.0}),
            "unknown_zero: should name columns (got 'power')",
        ),
        *[
            ("model.pkl", without(key), f"{key} is missing")
            for key in (
                "transform",
                "columns",
                "depreciation",
                "wide",
                "flags",
                "trees",
                "spread",
                "range",
                "level",
            )
        ],
    ],
)
def test_a_value_of_a_pickle_is_wrong(
    bundle_folder: Path, name: str, edit: Callable[[Any], Any], message: str
) -> None:
    edit_pickle(bundle_folder, name, edit)
    found = str(refusal(bundle_folder))
    start, _, end = message.partition("QUANTILE")
    assert found.startswith(f"{bundle_folder / name}: {start}")
    assert found.endswith(f"{end}\n{RETRAIN}")
    assert end or found == f"{bundle_folder / name}: {message}\n{RETRAIN}"


@pytest.mark.parametrize(
    ("name", "edit", "message"),
    [
        ("encoders.pkl", lambda value: value.pop("fuel") and None, "encoders.pkl: has nothing for feature 'fuel'"),
        ("scaler.pkl", lambda value: value.pop("tax") and None, "scaler.pkl: has nothing for feature 'tax'"),
        ("model.pkl", trees_without("\nend of trees"), "model.pkl: trees: has no end"),
        (
            "model.pkl",
            lambda model: model["columns"].reverse(),
            "model.pkl: columns: should be make, model, year, transmission, mileage, fuel, tax, mpg, engine_size "
            "(got engine_size, mpg, tax, fuel, mileage, transmission, year, model, make)",
        ),
    ],
)
def test_the_parts_do_not_fit_each_other(
    bundle_folder: Path, name: str, edit: Callable[[Any], Any], message: str
) -> None:
    edit_pickle(bundle_folder, name, edit)
    assert str(refusal(bundle_folder)) == f"{message}\n{RETRAIN}"


@pytest.mark.parametrize(
    ("name", "edit"),
    [
        ("encoders.pkl", lambda encoders: encoders["model"].reverse()),
        ("scaler.pkl", lambda scaler: put("mileage", "mean", value=0.0)(scaler)),
        ("model.pkl", lambda model: put("level", value=0.01)(model)),
        ("model.pkl", lambda model: put("depreciation", "center", 0, value=0.5)(model)),
        (
            "model.pkl",
            lambda model: (
                [table.__setitem__(slice(5), [-99.0] * 5) for table in model["range"]["quantiles"]] and None
            ),
        ),
    ],
)
def test_golden_valuations_are_not_reproduced(bundle_folder: Path, name: str, edit: Callable[[Any], Any]) -> None:
    """Each part is whole and signed, but not the one that the golden valuations came from."""
    edit_pickle(bundle_folder, name, edit)
    error = refusal(bundle_folder)
    assert error.what.startswith("manifest.json: golden[")
    assert ": should be " in error.what
    assert error.hint == f"The files of {bundle_folder.name} do not belong together. {RETRAIN}"
