"""The manifest of a bundle, and which bundle is the champion. Needs nothing but the standard library."""

import json
import os
import re
from pathlib import Path
from typing import Any

from carprice.errors import BundleError

FORMAT = 1
"""The format this code writes and reads. To change it: raise it by one, keep reading the one before for a
release, say in docs/bundle.md what changed, and add a damage test for the old and the new."""

MANIFEST = "manifest.json"
CHAMPION = "champion"
FILES = ("encoders.pkl", "scaler.pkl", "model.pkl")

_VERSION = re.compile(r"\d{8}T\d{6}Z")
_KEYS = ("format", "version", "market", "files", "golden")
RETRAIN = (
    "Choose another model: ./carprice models, then ./carprice promote VERSION; or train one: ./carprice train"
)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a bundle folder. Raises BundleError for a missing, damaged or newer one."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(read_file(path))
    except ValueError as error:
        raise BundleError(f"{path}: is not JSON ({error})", RETRAIN) from None
    if not isinstance(manifest, dict):
        raise BundleError(f"{path}: should hold an object (got {type(manifest).__name__})", RETRAIN)
    found = manifest.get("format")
    if isinstance(found, int) and found > FORMAT:
        raise BundleError(
            f"{path}: format {found} is newer than this code, which reads format {FORMAT}",
            "Update the service, or choose an older model: ./carprice models",
        )
    if found != FORMAT:
        raise BundleError(f"{path}: format: should be {FORMAT} (got {found!r})", RETRAIN)
    for key in _KEYS:
        if key not in manifest:
            raise BundleError(f"{path}: {key} is missing", RETRAIN)
    return manifest


def read_file(path: Path) -> bytes:
    """The bytes of a file of a bundle; BundleError names what stands in the way."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BundleError(f"{path}: is missing", RETRAIN) from None
    except PermissionError:
        raise BundleError(
            f"{path}: may not be read by user {os.getuid()}", f"Let it be read: chmod -R a+rX {path.parent}"
        ) from None
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror or error})", RETRAIN) from None


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: a temporary one beside it, flushed to disk, then renamed."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write or replace the manifest of a bundle folder."""
    write_file(folder / MANIFEST, (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode())


def list_versions(artifacts_dir: Path) -> list[str]:
    """The versions of the whole bundles in a folder, oldest first."""
    if not artifacts_dir.is_dir():
        return []
    return sorted(path.parent.name for path in artifacts_dir.glob(f"*/{MANIFEST}") if is_version(path.parent.name))


def is_version(text: str) -> bool:
    """Whether the text has the form of a version, such as 20261123T124500Z."""
    return _VERSION.fullmatch(text) is not None


def champion_version(artifacts_dir: Path) -> str | None:
    """The version that is served by default, or None before the first promotion.

    Raises BundleError where the champion file holds anything but one version.
    """
    path = artifacts_dir / CHAMPION
    if not path.exists():
        return None
    text = read_file(path).decode(errors="replace").strip()
    if not is_version(text):
        raise BundleError(
            f"{path}: should hold one version such as 20261123T124500Z (got {text[:40]!r})",
            "Name the champion again: ./carprice models, then ./carprice promote VERSION",
        )
    return text


def set_champion(artifacts_dir: Path, version: str) -> None:
    """Make a version the one that is served by default."""
    write_file(artifacts_dir / CHAMPION, f"{version}\n".encode())


def find_bundle(artifacts_dir: Path, version: str = "") -> Path:
    """The folder of that version, or of the champion. Raises BundleError naming what exists instead."""
    wanted = version or champion_version(artifacts_dir)
    versions = list_versions(artifacts_dir)
    if not wanted:
        raise BundleError(
            f"{artifacts_dir}: has no champion, so there is no model to serve", "Train one: ./carprice train"
        )
    if not is_version(wanted):
        raise BundleError(f"Model version {wanted!r} is not a version such as 20261123T124500Z", RETRAIN)
    if wanted not in versions:
        known = ", ".join(versions) or "none"
        raise BundleError(f"{artifacts_dir}: has no bundle {wanted}. Bundles there: {known}", RETRAIN)
    return artifacts_dir / wanted
