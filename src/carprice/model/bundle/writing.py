"""Writes a bundle: the complete folder appears under its version, or nothing does."""

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from carprice.errors import BundleError, FileError
from carprice.model.bundle.contents import Bundle, check_bundle, find_texts
from carprice.model.bundle.manifest import (
    COMPARABLES,
    FILES,
    FORMAT,
    REDUCED_FORMAT,
    TEXT_FORMAT,
    VERSION_TIME,
    is_version,
    write_manifest,
)
from carprice.model.bundle.safe_pickle import dump_plain
from carprice.model.bundle.signing import sign_bundle
from carprice.model.encoding import Encoders, Scaler
from carprice.model.evidence.comparables import ComparableFinder, golden_values, load_finder, open_store
from carprice.model.pricer import Pricer, load_pricer
from carprice.system.files import describe_access, sync_folder, write_file
from carprice.system.locks import HeldError, hold_lock

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

UNFINISHED = ".new-"
WAIT_SECONDS = 60.0
MAX_CLOCK_STEP = timedelta(days=1)
"""A version from further ahead is of a clock that was wrong then, and is not followed."""


def write_bundle(
    artifacts_dir: Path,
    encoders: Encoders,
    scaler: Scaler,
    model: Mapping[str, Any],
    facts: Mapping[str, Any],
    golden: Sequence[Mapping[str, Any]],
    comparables: Mapping[str, Any] | None = None,
    signing_key: "Ed25519PrivateKey | None" = None,
) -> str:
    """Write a new bundle and return its version, a UTC time.

    facts are the manifest's keys that training knows (market, data, metrics and so on); golden are listings
    as the API takes them, priced here with the pricer itself. comparables: what comparables.pkl holds, or None for
    a bundle without listings to show. signing_key: what signs the manifest, if anything. The folder appears under
    its name only when it is complete and has been read back as a pricer would. Raises BundleError where the parts
    make no bundle or another process holds the folder, FileError where it cannot be written.
    """
    try:
        artifacts_dir.mkdir(parents=True, exist_ok=True)
        with _hold(artifacts_dir):
            _remove_unfinished(artifacts_dir)
            created = datetime.now(UTC)
            version = _free_version(artifacts_dir, created)
            folder = artifacts_dir / f"{UNFINISHED}{version}"
            folder.mkdir()
            facts = {**facts, "version": version, "created": created.isoformat(timespec="seconds")}
            _fill_folder(folder, (encoders, scaler, dict(model)), facts, golden, comparables, signing_key)
            folder.rename(artifacts_dir / version)
            sync_folder(artifacts_dir)
    except OSError as error:
        raise FileError(*describe_access(artifacts_dir / "*", "written", error)) from None
    return version


def remove_bundle(artifacts_dir: Path, version: str) -> int:
    """Remove a bundle's folder and return its bytes: gone at once, or there as it was.

    What a killed removal leaves has no version's name, and the next training removes it. Raises BundleError where
    another process holds the folder, FileError where it cannot be removed.
    """
    folder, leaving = artifacts_dir / version, artifacts_dir / f"{UNFINISHED}{version}"
    try:
        with _hold(artifacts_dir):
            size = sum(path.lstat().st_size for path in folder.rglob("*"))
            folder.rename(leaving)
            shutil.rmtree(leaving)
    except OSError as error:
        raise FileError(*describe_access(folder, "removed", error)) from None
    return size


def ensure_writable(artifacts_dir: Path) -> None:
    """Check before a training that its bundle can be written. Raises FileError where it cannot."""
    try:
        artifacts_dir.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=artifacts_dir):
            pass
    except OSError as error:
        raise FileError(*describe_access(artifacts_dir / "*", "written", error)) from None


@contextmanager
def _hold(artifacts_dir: Path) -> Iterator[None]:
    """One writer at a time. Raises BundleError where another one has not ended within WAIT_SECONDS."""
    try:
        with hold_lock(artifacts_dir, WAIT_SECONDS):
            yield
    except HeldError:
        raise BundleError(
            f"{artifacts_dir}: another process has been writing a bundle for {WAIT_SECONDS:g} s",
            f"See which: fuser -v {artifacts_dir}",
        ) from None


def _choose_format(facts: Mapping[str, Any], model: Mapping[str, Any]) -> int:
    """The oldest that says all of it, so that services of older versions read what they can price."""
    if model.get("reduced") or "since" in (model.get("years") or {}):
        return REDUCED_FORMAT
    return TEXT_FORMAT if find_texts(facts["market"]) else FORMAT


def _fill_folder(
    folder: Path,
    parts: tuple[Encoders, Scaler, dict[str, Any]],
    facts: Mapping[str, Any],
    golden: Sequence[Mapping[str, Any]],
    comparables: Mapping[str, Any] | None,
    signing_key: "Ed25519PrivateKey | None",
) -> None:
    try:
        files = {name: _write_pickle(folder / name, value) for name, value in zip(FILES, parts, strict=True)}
        manifest = {"format": _choose_format(facts, parts[2]), **facts, "files": files, "golden": []}
        pricer = Pricer(check_bundle(Bundle(manifest, *parts), folder))
        manifest["golden"] = [_price_golden(pricer, listing) for listing in golden]
        if comparables is not None:
            files[COMPARABLES] = _write_pickle(folder / COMPARABLES, dict(comparables))
            manifest["comparables"] = _describe_comparables(comparables, pricer)
        write_manifest(folder, manifest)
        if signing_key is not None:
            sign_bundle(folder, signing_key)
        load_finder(folder, load_pricer(folder))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _remove_unfinished(artifacts_dir: Path) -> None:
    """Remove what killed writers left: the lock is held, so no other one is writing."""
    for folder in artifacts_dir.glob(f"{UNFINISHED}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _free_version(artifacts_dir: Path, created: datetime) -> str:
    """The version of that second, or where the clock went back a little, the one after the newest."""
    last = (created + MAX_CLOCK_STEP).strftime(VERSION_TIME)
    names = [path.name for path in artifacts_dir.iterdir() if is_version(path.name)]
    newest = max((name for name in names if name <= last), default="")
    if created.strftime(VERSION_TIME) > newest:
        return created.strftime(VERSION_TIME)
    after = datetime.strptime(newest, VERSION_TIME) + timedelta(seconds=1)
    while (version := after.strftime(VERSION_TIME)) in names:
        after += timedelta(seconds=1)
    return version


def _price_golden(pricer: Pricer, listing: Mapping[str, Any]) -> dict[str, Any]:
    return {"listing": dict(listing), **pricer.golden_valuation(listing)}


def _describe_comparables(comparables: Mapping[str, Any], pricer: Pricer) -> dict[str, Any]:
    """How many are kept, and the prices of those that are most like the first golden listing."""
    finder = ComparableFinder(open_store(comparables, pricer), pricer)
    found = finder.find(golden_values(pricer)).listings
    return {"rows": comparables["rows"], "golden": [each.price for each in found]}


def _write_pickle(path: Path, value: Any) -> dict[str, Any]:
    data = dump_plain(value)
    write_file(path, data)
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
