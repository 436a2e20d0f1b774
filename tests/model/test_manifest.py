"""Versions, the champion, and files that are written whole or not at all."""

import json
import math
from pathlib import Path

import pytest
from tests.model.users import NOBODY, run_as_nobody

from carprice.errors import BundleError, FileError
from carprice.model.bundle.manifest import (
    NAME_AGAIN,
    RETRAIN,
    champion_version,
    find_bundle,
    is_version,
    list_versions,
    set_champion,
    write_manifest,
)
from carprice.system.files import write_file

FIRST, SECOND, THIRD = "20200101T000000Z", "20210101T000000Z", "20220101T000000Z"


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    """Two bundles, as far as their names go, and things that are none."""
    for name in (SECOND, FIRST, "candidate", ".new-20230101T000000Z"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text("{}")
    (tmp_path / THIRD).mkdir()  # without a manifest it is no bundle
    (tmp_path / "20240101T000000Z").write_text("a file")
    return tmp_path


@pytest.mark.parametrize("text", ["20261123T124500Z", "00000000T000000Z"])
def test_versions(text: str) -> None:
    assert is_version(text)


@pytest.mark.parametrize(
    "text", ["", "latest", "20261123T124500", "20261123T124500Z\n", "../20261123T124500Z", "2026112\u0663T124500Z"]
)
def test_what_is_no_version(text: str) -> None:
    assert not is_version(text)


def test_the_versions_of_a_folder(versions: Path, tmp_path: Path) -> None:
    assert list_versions(versions) == [FIRST, SECOND]
    assert list_versions(tmp_path / "nowhere") == []
    assert list_versions(versions / "20240101T000000Z") == []


def test_the_champion_is_what_was_set(versions: Path) -> None:
    assert champion_version(versions) is None
    for version in (SECOND, FIRST):
        set_champion(versions, version)
        assert champion_version(versions) == version
        assert (versions / "champion").read_text() == f"{version}\n"
        assert find_bundle(versions) == versions / version
    assert find_bundle(versions, SECOND) == versions / SECOND
    assert list(versions.glob(".champion*")) == []


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("", "''"),
        ("latest\n", "'latest'"),
        (f"{FIRST}\n{SECOND}\n", f"'{FIRST}\\n{SECOND}'"),
        ("../../etc", "'../../etc'"),
        ("x" * 200, f"'{'x' * 40}'"),
    ],
)
def test_a_champion_file_of_garbage(versions: Path, text: str, got: str) -> None:
    path = versions / "champion"
    path.write_text(text)
    for act in (champion_version, find_bundle):
        with pytest.raises(BundleError) as error:
            act(versions)
        assert str(error.value) == (
            f"{path}: should hold one version such as 20261123T124500Z (got {got})\n{NAME_AGAIN}"
        )


def test_a_champion_file_of_other_things(versions: Path) -> None:
    path = versions / "champion"
    path.write_bytes(b"\xff\xfe" * 10)
    with pytest.raises(BundleError, match="should hold one version"):
        champion_version(versions)
    path.write_bytes(b"x" * 2000)
    with pytest.raises(BundleError, match=r"should have at most 1,024 bytes \(got more\)"):
        champion_version(versions)
    path.unlink()
    path.mkdir()
    with pytest.raises(BundleError, match=r"cannot be read \(Is a directory\)"):
        champion_version(versions)


def test_a_champion_that_is_missing(versions: Path) -> None:
    set_champion(versions, "20190101T000000Z")
    with pytest.raises(BundleError) as error:
        find_bundle(versions)
    assert str(error.value) == (
        f"{versions / 'champion'}: names 20190101T000000Z, which is missing. Bundles there: {FIRST}, {SECOND}\n"
        f"{NAME_AGAIN}"
    )


def test_no_champion(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(BundleError) as error:
            find_bundle(folder)
        assert str(error.value) == (
            f"{folder}: has no champion, so there is no model to serve\nTrain one: ./carprice train"
        )


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("latest", "Model version 'latest' is not a version such as 20261123T124500Z"),
        ("../x", "Model version '../x' is not a version such as 20261123T124500Z"),
        (
            "20190101T000000Z",
            "{folder}: has no bundle 20190101T000000Z. Bundles there: 20200101T000000Z, 20210101T000000Z",
        ),
    ],
)
def test_a_version_that_is_not_there(versions: Path, version: str, message: str) -> None:
    with pytest.raises(BundleError) as error:
        find_bundle(versions, version)
    assert str(error.value) == f"{message.format(folder=versions)}\n{RETRAIN}"


def test_a_version_in_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="Bundles there: none"):
        find_bundle(tmp_path, FIRST)


def test_a_folder_that_may_not_be_read(open_artifacts: Path) -> None:
    code = "from carprice.model.bundle.manifest import *; {}(Path(sys.argv[1]))"
    hint = f"Allow it: chmod -R a+rX {open_artifacts}"
    (open_artifacts / "champion").chmod(0o000)
    assert run_as_nobody(code.format("champion_version"), open_artifacts) == (
        f"{open_artifacts / 'champion'}: may not be read by user {NOBODY}\n{hint}"
    )
    open_artifacts.chmod(0o000)
    assert run_as_nobody(code.format("find_bundle"), open_artifacts) == (
        f"{open_artifacts / 'champion'}: may not be read by user {NOBODY}\n{hint}"
    )
    assert run_as_nobody(code.format("list_versions"), open_artifacts) == (
        f"{open_artifacts / '*'}: may not be read by user {NOBODY}\n{hint}"
    )


def test_a_folder_that_may_not_be_written(open_artifacts: Path) -> None:
    before = (open_artifacts / "champion").read_text()
    manifest = "carprice.model.bundle.manifest"
    code = f"from {manifest} import set_champion; set_champion(Path(sys.argv[1]), '20200101T000000Z')"
    assert run_as_nobody(code, open_artifacts) == (
        f"{open_artifacts / 'champion'}: may not be written by user {NOBODY}\n"
        f"Allow it: chmod -R a+rwX {open_artifacts}"
    )
    assert (open_artifacts / "champion").read_text() == before


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "champion"
    path.write_text("old")
    with pytest.raises(FileError) as error:
        write_file(path / "below", b"new")
    assert str(error.value) == f"{path / 'below'}: cannot be written (Not a directory)"
    assert path.read_text() == "old"


def test_numbers_that_json_does_not_know_become_null(tmp_path: Path) -> None:
    write_manifest(tmp_path, {"a": math.nan, "b": [1.5, math.inf, {"c": (-math.inf, "é")}]})
    text = (tmp_path / "manifest.json").read_text()
    assert json.loads(text, parse_constant=pytest.fail) == {"a": None, "b": [1.5, None, {"c": [None, "é"]}]}
    assert text.endswith("}\n")
