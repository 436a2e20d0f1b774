"""Signed bundles: what a trusted key signed loads, and nothing else does."""

import ast
import json
import re
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.model.damage import edit_manifest, put

from carprice.errors import BundleError, FileError, SettingsError
from carprice.model.bundle.contents import read_bundle
from carprice.model.bundle.manifest import find_bundle, read_manifest, write_manifest
from carprice.model.bundle.signature import verify_bundle
from carprice.model.bundle.signing import KeyPair, load_signing_key, make_keys, sign_bundle
from carprice.model.bundle.writing import write_bundle
from carprice.model.pricer import load_pricer
from carprice.settings import load_settings

SIGN = r"\./carprice sign \w+ --key PRIVATE\.pem"
READERS = ("load_pricer", "load_bundle", "read_bundle", "verify_bundle")
UNVERIFIED = {  # where any bundle is read on purpose
    ("tracking/outbox.py", "read_bundle"),  # a record of a training is no use of its model
    ("tracking/proof.py", "load_pricer"),  # a process apart, before the caller verifies
    ("tracking/listing_pricer.py", "load_pricer"),  # MLflow's own folder, with no settings of ours
    ("cli/commands/models/sign.py", "load_pricer"),  # what is about to be signed
    ("notebook/models.py", "load_pricer"),  # the notebook's own, which is load_bundle with the keys
}


@pytest.fixture
def keys(tmp_path: Path) -> Callable[[str], KeyPair]:
    """Make a pair of keys of that name; its public key is not trusted yet."""
    return lambda name: make_keys(tmp_path / f"{name}.pem")


@pytest.fixture
def trusted(tmp_path: Path) -> Path:
    """The folder of trusted keys, still empty."""
    folder = tmp_path / "trusted"
    folder.mkdir()
    return folder


@pytest.fixture
def ours(keys: Callable[[str], KeyPair], trusted: Path) -> KeyPair:
    """A pair whose public key is trusted."""
    pair = keys("ours")
    shutil.copy(pair.public, trusted)
    return pair


def sign(folder: Path, pair: KeyPair) -> None:
    assert sign_bundle(folder, load_signing_key(pair.private)) == pair.key_id


def refusal(folder: Path, trusted: Path) -> BundleError:
    """What loading the bundle is refused with, and verifying it without loading as well."""
    with pytest.raises(BundleError) as loaded:
        load_pricer(folder, str(trusted))
    with pytest.raises(BundleError) as verified:
        verify_bundle(folder, str(trusted))
    assert str(loaded.value) == str(verified.value)
    return loaded.value


def test_a_signed_bundle_loads_and_an_unsigned_one_does_not(
    bundle_folder: Path, trusted: Path, ours: KeyPair
) -> None:
    error = refusal(bundle_folder, trusted)
    assert error.what == (f"{bundle_folder}/manifest.sig: is missing or empty, and CARPRICE_TRUSTED_KEYS is set")
    assert re.fullmatch(f"Sign it, if you trust it: {SIGN}", error.hint)
    sign(bundle_folder, ours)
    assert load_pricer(bundle_folder, str(trusted)).version == bundle_folder.name
    load_pricer(bundle_folder)  # no key is trusted: any bundle is used


def test_a_key_that_is_not_trusted_is_named(
    bundle_folder: Path, trusted: Path, ours: KeyPair, keys: Callable[[str], KeyPair]
) -> None:
    theirs = keys("theirs")
    sign(bundle_folder, theirs)
    error = refusal(bundle_folder, trusted)
    assert f"is signed by {theirs.key_id}; trusted by {trusted} are {ours.key_id}" in error.what
    assert re.search(SIGN, error.hint)


@pytest.mark.parametrize(
    "path", [("version",), ("golden", 0, "price"), ("files", "model.pkl", "sha256"), ("market", "currency")]
)
def test_a_changed_manifest_is_refused(
    bundle_folder: Path, trusted: Path, ours: KeyPair, path: tuple[str | int, ...]
) -> None:
    sign(bundle_folder, ours)
    value = "20200101T000000Z" if path == ("version",) else "0" * 64
    moved = bundle_folder.rename(bundle_folder.with_name(value)) if path == ("version",) else bundle_folder
    edit_manifest(moved, put(*path, value=1.5 if "price" in path else value))
    error = refusal(moved, trusted)
    assert f"the signature by {ours.key_id} is not of this manifest: one of both was changed" in error.what
    assert "Do not use this bundle unless you know who changed it" in error.hint


@pytest.mark.parametrize("name", ["model.pkl", "comparables.pkl"])
def test_a_changed_file_is_refused_by_the_signed_digest(
    bundle_folder: Path, trusted: Path, ours: KeyPair, name: str
) -> None:
    sign(bundle_folder, ours)
    path = bundle_folder / name
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(BundleError, match=rf"{name}: SHA-256: should be") as error:
        verify_bundle(bundle_folder, str(trusted))
    assert "./carprice models" in error.value.hint


def test_neither_form_nor_the_mlflow_run_is_signed(bundle_folder: Path, trusted: Path, ours: KeyPair) -> None:
    """MLflow's run is noted in the manifest after it was signed, by whoever sends it."""
    sign(bundle_folder, ours)
    manifest = read_manifest(bundle_folder)
    write_manifest(bundle_folder, dict(reversed(manifest.items())) | {"mlflow": {"run_id": "1"}})
    assert verify_bundle(bundle_folder, str(trusted))["mlflow"] == {"run_id": "1"}


def test_keys_are_rotated_without_a_gap(
    bundle_folder: Path, trusted: Path, ours: KeyPair, keys: Callable[[str], KeyPair]
) -> None:
    sign(bundle_folder, ours)
    new = keys("new")
    shutil.copy(new.public, trusted)
    load_pricer(bundle_folder, str(trusted))  # both are trusted
    sign(bundle_folder, new)
    (trusted / ours.public.name).unlink()
    load_pricer(bundle_folder, str(trusted))  # signed by both, the new one is trusted
    (bundle_folder / "manifest.sig").unlink()
    sign(bundle_folder, ours)
    assert new.key_id in refusal(bundle_folder, trusted).what


@pytest.mark.parametrize(
    "text", ["", "x", f"{'0' * 16} !!\n", "\x1b[2J AAAA\n", f"{'0' * 16} AAAA\n" * 17, "a b c\n", "\0" * 9000]
)
def test_a_damaged_signature_is_refused_and_replaced(
    bundle_folder: Path, trusted: Path, ours: KeyPair, text: str
) -> None:
    path = bundle_folder / "manifest.sig"
    path.write_text(text)
    assert str(path) in refusal(bundle_folder, trusted).what
    sign(bundle_folder, ours)
    load_pricer(bundle_folder, str(trusted))


def test_keys_that_cannot_be_used_let_nothing_load(
    bundle_folder: Path, tmp_path: Path, trusted: Path, ours: KeyPair
) -> None:
    sign(bundle_folder, ours)
    (tmp_path / "empty").mkdir()
    for folder, what in ((tmp_path / "none", "cannot be read"), (tmp_path / "empty", "has no public key")):
        error = refusal(bundle_folder, folder)
        assert error.what.startswith(f"CARPRICE_TRUSTED_KEYS: {folder} {what}")
        assert "./carprice sign --new-key" in error.hint
    (trusted / "other.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    assert refusal(bundle_folder, trusted).what == f"{trusted}/other.pem: is not an ed25519 public key in PEM"
    shutil.copy(ours.private, trusted / "other.pem")
    assert (
        "is a private key, which whoever reads this folder could sign with" in refusal(bundle_folder, trusted).what
    )


def test_a_new_key_is_for_its_owner_and_overwrites_nothing(tmp_path: Path) -> None:
    pair = make_keys(tmp_path / "release.pem")
    assert (pair.private.name, pair.public.name) == ("release.pem", "release.pub.pem")
    assert stat.S_IMODE(pair.private.stat().st_mode) == 0o600
    assert stat.S_IMODE(pair.public.stat().st_mode) & 0o222 == 0o200
    text = pair.private.read_text()
    pair.public.unlink()
    with pytest.raises(FileError, match=r"release\.pem: exists already"):
        make_keys(pair.private)
    assert (pair.private.read_text(), pair.public.exists()) == (text, False)
    with pytest.raises(BundleError, match=r"nowhere\.pem: is missing"):
        load_signing_key(tmp_path / "nowhere.pem")
    with pytest.raises(BundleError, match="is not an ed25519 private key"):
        load_signing_key(make_keys(tmp_path / "b.pem").public)


def test_a_damaged_bundle_is_not_signed(bundle_folder: Path, ours: KeyPair) -> None:
    path = bundle_folder / "scaler.pkl"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BundleError, match=r"scaler\.pkl: is truncated"):
        sign(bundle_folder, ours)
    assert not (bundle_folder / "manifest.sig").exists()


def test_a_training_signs_what_it_writes(small_bundle: Path, tmp_path: Path, trusted: Path, ours: KeyPair) -> None:
    bundle = read_bundle(find_bundle(small_bundle))
    golden = [item["listing"] for item in bundle.manifest["golden"]]
    facts = {key: value for key, value in bundle.manifest.items() if key not in ("files", "golden", "version")}
    parts = (bundle.encoders, bundle.scaler, bundle.model, facts, golden)
    version = write_bundle(tmp_path / "new", *parts, signing_key=load_signing_key(ours.private))
    load_pricer(tmp_path / "new" / version, str(trusted))


def test_the_folder_of_keys_is_no_name_of_a_volume() -> None:
    with pytest.raises(SettingsError, match=r"CARPRICE_TRUSTED_KEYS: should be a folder that begins"):
        load_settings({"CARPRICE_TRUSTED_KEYS": "keys"})


def test_every_reader_of_bundles_is_given_the_keys(root: Path) -> None:
    source = root / "src" / "carprice"
    for path in source.rglob("*.py"):
        name = path.relative_to(source).as_posix()
        if name.startswith("model/"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in READERS:
                assert len(node.args) == 2 or (name, node.func.id) in UNVERIFIED, f"{name}:{node.lineno}"


def test_a_deep_manifest_is_refused_in_order(bundle_folder: Path, trusted: Path, ours: KeyPair) -> None:
    sign(bundle_folder, ours)
    text = (bundle_folder / "manifest.json").read_text()
    for depth in (900, 985, 990, 995, 100_000):
        deep = json.dumps(json.loads(text) | {"x": 1}).replace('"x": 1', f'"x": {"[" * depth}{"]" * depth}')
        (bundle_folder / "manifest.json").write_text(deep)
        refusal(bundle_folder, trusted)
