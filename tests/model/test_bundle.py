"""Damage to a bundle: each kind has its own error, with file, expectation, value and the next step."""

import hashlib
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.model.damage import edit_manifest, edit_pickle, replace_file
from tests.model.users import NOBODY, run_as_nobody

from carprice.errors import BundleError
from carprice.model import manifest as manifest_module
from carprice.model.manifest import FILES, RETRAIN, find_bundle
from carprice.model.pricer import load_pricer

PICKLES = list(FILES)
NEWER = "Update the service, or choose an older model: ./carprice models"
DISTRUST = "Do not use this bundle. Train it again: ./carprice train"


def refusal(folder: Path) -> BundleError:
    with pytest.raises(BundleError) as error:
        load_pricer(folder)
    return error.value


def drop(key: str) -> Callable[[dict[str, Any]], Any]:
    return lambda tree: tree.pop(key)


def put(*path: Any, value: Any) -> Callable[[Any], None]:
    def edit(tree: Any) -> None:
        for key in path[:-1]:
            tree = tree[key]
        tree[path[-1]] = value

    return edit


def test_the_whole_bundle_loads(bundle_folder: Path) -> None:
    load_pricer(bundle_folder)


@pytest.mark.parametrize("name", [*PICKLES, "manifest.json"])
def test_a_file_is_missing(bundle_folder: Path, name: str) -> None:
    (bundle_folder / name).unlink()
    assert str(refusal(bundle_folder)) == f"{bundle_folder / name}: is missing\n{RETRAIN}"


@pytest.mark.parametrize("name", [*PICKLES, "manifest.json"])
def test_a_file_is_a_folder(bundle_folder: Path, name: str) -> None:
    (bundle_folder / name).unlink()
    (bundle_folder / name).mkdir()
    assert str(refusal(bundle_folder)) == f"{bundle_folder / name}: cannot be read (Is a directory)\n{RETRAIN}"


@pytest.mark.parametrize("name", PICKLES)
@pytest.mark.parametrize("kept", [0, 1, 200])
def test_a_file_is_truncated(bundle_folder: Path, name: str, kept: int) -> None:
    path = bundle_folder / name
    size = path.stat().st_size
    os.truncate(path, kept)
    assert str(refusal(bundle_folder)) == (
        f"{path}: is truncated: should have {size:,} bytes (got {kept})\n{RETRAIN}"
    )


@pytest.mark.parametrize("name", PICKLES)
@pytest.mark.parametrize("edit", [lambda data: data[:-10] + b"X" + data[-9:], lambda data: data + b"X"])
def test_a_file_has_other_bytes(bundle_folder: Path, name: str, edit: Callable[[bytes], bytes]) -> None:
    path = bundle_folder / name
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(edit(path.read_bytes()))
    wrong = hashlib.sha256(path.read_bytes()).hexdigest()
    assert str(refusal(bundle_folder)) == f"{path}: SHA-256: should be {right} (got {wrong})\n{RETRAIN}"


@pytest.mark.parametrize("name", PICKLES)
def test_a_file_is_another_bundles(bundle_folder: Path, dated_bundle: Path, name: str) -> None:
    other = next(dated_bundle.glob("2*")) / name
    padding = b"\0" * (bundle_folder / name).stat().st_size
    (bundle_folder / name).write_bytes(other.read_bytes() + padding)
    assert f"{bundle_folder / name}: SHA-256: should be " in refusal(bundle_folder).what


@pytest.mark.parametrize("name", PICKLES)
def test_a_pickle_names_a_global(bundle_folder: Path, tmp_path: Path, name: str) -> None:
    class Attack:
        def __reduce__(self) -> Any:
            return os.system, (f"touch {tmp_path / 'marker'}",)

    replace_file(bundle_folder, name, pickle.dumps({"make": Attack()}, protocol=4))
    assert str(refusal(bundle_folder)) == (
        f"{bundle_folder / name}: names posix.system, and only plain values are read; none of it ran\n{DISTRUST}"
    )
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("name", PICKLES)
def test_a_pickle_is_none(bundle_folder: Path, name: str) -> None:
    replace_file(bundle_folder, name, b"\x80\x04garbage.")
    assert refusal(bundle_folder).what.startswith(f"{bundle_folder / name}: is not a pickle that can be read (")
    assert refusal(bundle_folder).hint == RETRAIN


def test_a_file_is_larger_than_any_bundle(bundle_folder: Path) -> None:
    path = bundle_folder / "model.pkl"
    os.truncate(path, manifest_module.MAX_BYTES + 1)  # a sparse file
    assert str(refusal(bundle_folder)) == f"{path}: should have at most 268,435,456 bytes (got more)\n{RETRAIN}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON (Expecting value: line 1 column 1 (char 0))"),
        ("{", "is not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))"),
        ("[" * 100_000, "is not JSON (maximum recursion depth exceeded while decoding a JSON array"),
        ("\udcff", "is not JSON ('utf-8' codec can't decode byte 0xff in position 0: invalid start byte)"),
        ("[]", "should hold an object (got list)"),
        ("3", "should hold an object (got int)"),
        ("{}", "format: should be 1 (got None)"),
    ],
    ids=lambda text: text[:20],
)
def test_the_manifest_is_garbage(bundle_folder: Path, text: str, message: str) -> None:
    path = bundle_folder / "manifest.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    assert refusal(bundle_folder).what.startswith(f"{path}: {message}")
    assert refusal(bundle_folder).hint == RETRAIN


def test_the_manifest_is_truncated_anywhere(bundle_folder: Path) -> None:
    path = bundle_folder / "manifest.json"
    size = path.stat().st_size
    for kept in range(size - 3, 0, -97):
        os.truncate(path, kept)
        assert refusal(bundle_folder).what.startswith(f"{path}: is not JSON (")


def test_the_manifest_is_larger_than_any(bundle_folder: Path) -> None:
    path = bundle_folder / "manifest.json"
    os.truncate(path, manifest_module.MAX_MANIFEST_BYTES + 1)
    assert str(refusal(bundle_folder)) == f"{path}: should have at most 16,777,216 bytes (got more)\n{RETRAIN}"


@pytest.mark.parametrize(
    ("found", "message", "hint"),
    [
        (2, "format 2 is newer than this code, which reads format 1", NEWER),
        (99, "format 99 is newer than this code, which reads format 1", NEWER),
        (0, "format: should be 1 (got 0)", RETRAIN),
        (-1, "format: should be 1 (got -1)", RETRAIN),
        ("1", "format: should be 1 (got '1')", RETRAIN),
        (1.0, "format: should be 1 (got 1.0)", RETRAIN),
        (True, "format: should be 1 (got True)", RETRAIN),
        (None, "format: should be 1 (got None)", RETRAIN),
    ],
)
def test_another_format(bundle_folder: Path, found: Any, message: str, hint: str) -> None:
    edit_manifest(bundle_folder, put("format", value=found))
    assert str(refusal(bundle_folder)) == f"{bundle_folder / 'manifest.json'}: {message}\n{hint}"


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (drop("version"), "version is missing"),
        (drop("market"), "market is missing"),
        (drop("files"), "files is missing"),
        (drop("golden"), "golden is missing"),
        (put("version", value=3), "version: should be a text"),
        (put("market", value=[]), "market: should be an object"),
        (put("files", value=None), "files: should be an object"),
        (put("files", value={}), "files.encoders.pkl.bytes: should be a whole number"),
        (put("files", "scaler.pkl", value="x"), "files.scaler.pkl.bytes: should be a whole number"),
        (put("files", "model.pkl", "bytes", value=1.5), "files.model.pkl.bytes: should be a whole number"),
        (put("files", "model.pkl", "sha256", value=None), "files.model.pkl.sha256: should be a text"),
        (put("golden", value={}), "golden: should be a list"),
        (put("golden", value=[]), "golden: should have at least one listing"),
        (put("golden", 1, value=[]), "golden[1]: should be an object"),
        (put("golden", 1, "listing", value="Ford"), "golden[1].listing: should be an object"),
        (put("golden", 1, "price", value="9000"), "golden[1].price: should be a number"),
        (put("golden", 1, "low", value=float("nan")), "golden[1].low: should be a number"),
        (put("golden", 1, "high", value=None), "golden[1].high: should be a number"),
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


def trees_without(text: str) -> Callable[[dict[str, Any]], None]:
    return lambda model: model.update(trees=model["trees"].replace(text, "", 1))


@pytest.mark.parametrize(
    ("name", "edit", "message"),
    [
        ("encoders.pkl", as_list, "should hold a dict (got list)"),
        ("encoders.pkl", lambda _: 3, "should hold a dict (got int)"),
        ("encoders.pkl", put("make", value="Ford"), "make: should be a list of texts"),
        ("encoders.pkl", put("make", value=["Ford", 3]), "make: should be a list of texts"),
        ("encoders.pkl", put("make", value={"Ford": 0}), "make: should be a list of texts"),
        ("encoders.pkl", put("make", value=["Ford", "Ford"]), "make: should have each value once"),
        ("scaler.pkl", as_list, "should hold a dict (got list)"),
        ("scaler.pkl", put("year", value=[1.0]), "year.fill: should be a number"),
        ("scaler.pkl", lambda scaler: scaler["year"].pop("max") and None, "year.max: should be a number"),
        ("scaler.pkl", put("year", "mean", value="x"), "year.mean: should be a number"),
        ("scaler.pkl", put("year", "mean", value=True), "year.mean: should be a number"),
        ("scaler.pkl", put("year", "mean", value=float("inf")), "year.mean: should be a number"),
        ("scaler.pkl", put("year", "scale", value=float("nan")), "year.scale: should be a number"),
        ("scaler.pkl", put("year", "scale", value=0.0), "year.scale: should be above 0 (got 0.0)"),
        ("scaler.pkl", put("year", "scale", value=-2.0), "year.scale: should be above 0 (got -2.0)"),
        ("model.pkl", as_list, "should hold a dict (got list)"),
        ("model.pkl", put("transform", value="sqrt"), "transform: should be 'log' (got 'sqrt')"),
        ("model.pkl", lambda model: model.pop("transform") and None, "transform: should be 'log' (got None)"),
        ("model.pkl", put("trees", value=b"tree"), "trees: should be LightGBM's text"),
        ("model.pkl", lambda model: model.pop("trees") and None, "trees: should be LightGBM's text"),
        ("model.pkl", lambda m: m.pop("columns") and None, "columns: should be a list of feature names"),
        ("model.pkl", put("columns", value="make"), "columns: should be a list of feature names"),
        ("model.pkl", lambda m: m.pop("calibration") and None, "calibration.coverage: should be a number"),
        ("model.pkl", put("calibration", value=[0.9]), "calibration.coverage: should be a number"),
        ("model.pkl", put("calibration", "low", value=None), "calibration.low: should be a number"),
        ("model.pkl", put("calibration", "high", value=float("nan")), "calibration.high: should be a number"),
        (
            "model.pkl",
            put("calibration", value={"coverage": 0.9, "low": 0.1, "high": 0.2}),
            "calibration: should have low <= 0 <= high (got 0.1 and 0.2)",
        ),
        (
            "model.pkl",
            put("calibration", value={"coverage": 0.9, "low": -0.1, "high": 900.0}),
            "calibration: should have low <= 0 <= high (got -0.1 and 900.0)",
        ),
    ],
)
def test_a_value_of_a_pickle_is_wrong(
    bundle_folder: Path, name: str, edit: Callable[[Any], Any], message: str
) -> None:
    edit_pickle(bundle_folder, name, edit)
    assert str(refusal(bundle_folder)) == f"{bundle_folder / name}: {message}\n{RETRAIN}"


@pytest.mark.parametrize(
    ("name", "edit", "message"),
    [
        ("encoders.pkl", lambda value: value.pop("fuel") and None, "encoders.pkl: has nothing for feature 'fuel'"),
        ("scaler.pkl", lambda value: value.pop("tax") and None, "scaler.pkl: has nothing for feature 'tax'"),
        ("model.pkl", trees_without("\nend of trees"), "model.pkl: trees: has no end"),
        (
            "model.pkl",
            put("columns", value=["make"]),
            "model.pkl: columns: should be make, model, year, transmission, mileage, fuel, tax, mpg, engine_size "
            "(got make)",
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
        ("model.pkl", lambda model: put("calibration", "low", value=-0.5)(model)),
    ],
)
def test_golden_valuations_are_not_reproduced(bundle_folder: Path, name: str, edit: Callable[[Any], Any]) -> None:
    """Each part is whole and signed, but not the one that the golden valuations came from."""
    edit_pickle(bundle_folder, name, edit)
    error = refusal(bundle_folder)
    assert error.what.startswith("manifest.json: golden[")
    assert ": should be " in error.what
    assert error.hint == f"The files of {bundle_folder.name} do not belong together. {RETRAIN}"


@pytest.mark.parametrize("name", [*PICKLES, "manifest.json"])
def test_a_file_may_not_be_read(open_artifacts: Path, name: str) -> None:
    folder = find_bundle(open_artifacts)
    (folder / name).chmod(0o000)
    code = "from carprice.model.pricer import load_pricer; load_pricer(Path(sys.argv[1]))"
    assert run_as_nobody(code, folder) == (
        f"{folder / name}: may not be read by user {NOBODY}\nLet it be read: chmod -R a+rX {folder}"
    )


@pytest.mark.parametrize("mode", [0o000, 0o600])
def test_a_folder_may_not_be_read(open_artifacts: Path, mode: int) -> None:
    folder = find_bundle(open_artifacts)
    folder.chmod(mode)
    code = (
        "from carprice.model.pricer import load_pricer; from carprice.model.manifest import find_bundle\n"
        "load_pricer(find_bundle(Path(sys.argv[1])))"
    )
    assert run_as_nobody(code, open_artifacts) == (
        f"{folder / 'manifest.json'}: may not be read by user {NOBODY}\nLet it be read: chmod -R a+rX {folder}"
    )


def test_another_user_who_may_read_can_price(open_artifacts: Path) -> None:
    folder = find_bundle(open_artifacts)
    code = "from carprice.model.pricer import load_pricer; print(load_pricer(Path(sys.argv[1])).version)"
    assert run_as_nobody(code, folder) == folder.name
