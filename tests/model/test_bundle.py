"""Damage to a bundle: each kind has its own error, with file, expectation, value and the next step."""

import hashlib
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.model.damage import edit_manifest, edit_pickle, put, refusal, replace_file
from tests.model.users import NOBODY, run_as_nobody

from carprice.model.bundle import manifest as manifest_module
from carprice.model.bundle.manifest import FILES, RETRAIN, find_bundle
from carprice.model.pricer import load_pricer

PICKLES = list(FILES)
NEWER = "Update the service, or choose an older model: ./carprice models"
DISTRUST = "Do not use this bundle. Train it again: ./carprice train"


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


@pytest.mark.parametrize("name", [*PICKLES, "manifest.json"])
def test_a_pipe_is_not_waited_for(bundle_folder: Path, name: str) -> None:
    (bundle_folder / name).unlink()
    os.mkfifo(bundle_folder / name)
    path = bundle_folder / name
    assert str(refusal(bundle_folder)) == f"{path}: should be a plain file\nSee what it is: ls -lL {path}"


def test_a_device_has_no_end(bundle_folder: Path) -> None:
    (bundle_folder / "model.pkl").unlink()
    (bundle_folder / "model.pkl").symlink_to("/dev/zero")
    assert refusal(bundle_folder).what == f"{bundle_folder / 'model.pkl'}: should be a plain file"


def test_a_file_that_is_linked_to_is_read(bundle_folder: Path, tmp_path: Path) -> None:
    """As Kubernetes mounts files."""
    (bundle_folder / "model.pkl").rename(tmp_path / "elsewhere")
    (bundle_folder / "model.pkl").symlink_to(tmp_path / "elsewhere")
    load_pricer(bundle_folder)


def test_too_many_golden_listings(bundle_folder: Path) -> None:
    edit_manifest(bundle_folder, lambda manifest: manifest.update(golden=manifest["golden"] * 201))
    assert "golden: should be " in refusal(bundle_folder).what


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("scaler.pkl", ("year",)),
        ("scaler.pkl", ("year", "mean")),
        ("model.pkl", ("transform",)),
        ("model.pkl", ("costs",)),
    ],
)
def test_a_value_that_holds_itself_is_not_written_out(
    bundle_folder: Path, name: str, path: tuple[str, ...]
) -> None:
    """262,144 lists, in a file of 100 bytes and in the message."""
    nested: list[Any] = []
    for _ in range(18):
        nested = [nested, nested]
    edit_pickle(bundle_folder, name, put(*path, value=nested))
    assert len(refusal(bundle_folder).what) < 400


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
        ("{}", "format: should be 1, 2, 3 or 4 (got None)"),
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
        (5, "format 5 is newer than this code, which reads formats 1, 2, 3 and 4", NEWER),
        (99, "format 99 is newer than this code, which reads formats 1, 2, 3 and 4", NEWER),
        (0, "format: should be 1, 2, 3 or 4 (got 0)", RETRAIN),
        (-1, "format: should be 1, 2, 3 or 4 (got -1)", RETRAIN),
        ("1", "format: should be 1, 2, 3 or 4 (got '1')", RETRAIN),
        (1.0, "format: should be 1, 2, 3 or 4 (got 1.0)", RETRAIN),
        (True, "format: should be 1, 2, 3 or 4 (got True)", RETRAIN),
        (None, "format: should be 1, 2, 3 or 4 (got None)", RETRAIN),
    ],
)
def test_another_format(bundle_folder: Path, found: Any, message: str, hint: str) -> None:
    edit_manifest(bundle_folder, put("format", value=found))
    assert str(refusal(bundle_folder)) == f"{bundle_folder / 'manifest.json'}: {message}\n{hint}"


@pytest.mark.parametrize("name", [*PICKLES, "manifest.json"])
def test_a_file_may_not_be_read(open_artifacts: Path, name: str) -> None:
    folder = find_bundle(open_artifacts)
    (folder / name).chmod(0o000)
    code = "from carprice.model.pricer import load_pricer; load_pricer(Path(sys.argv[1]))"
    assert run_as_nobody(code, folder) == (
        f"{folder / name}: may not be read by user {NOBODY}\nAllow it: chmod -R a+rX {folder}"
    )


@pytest.mark.parametrize("mode", [0o000, 0o600])
def test_a_folder_may_not_be_read(open_artifacts: Path, mode: int) -> None:
    folder = find_bundle(open_artifacts)
    folder.chmod(mode)
    code = (
        "from carprice.model.pricer import load_pricer; from carprice.model.bundle.manifest import find_bundle\n"
        "load_pricer(find_bundle(Path(sys.argv[1])))"
    )
    assert run_as_nobody(code, open_artifacts) == (
        f"{folder / 'manifest.json'}: may not be read by user {NOBODY}\nAllow it: chmod -R a+rX {folder}"
    )


def test_another_user_who_may_read_can_price(open_artifacts: Path) -> None:
    folder = find_bundle(open_artifacts)
    code = "from carprice.model.pricer import load_pricer; print(load_pricer(Path(sys.argv[1])).version)"
    assert run_as_nobody(code, folder) == folder.name
