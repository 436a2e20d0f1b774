"""The manifest of a bundle, and which bundle is the champion. Needs no library but msgspec."""

import hashlib
import json
import math
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from carprice.errors import BundleError
from carprice.names import CHAMPION
from carprice.system.files import describe_access, write_file
from carprice.system.structs import Number, convert

FORMAT = 2
"""The format this code writes. To change it: raise it by one, keep reading the one before for a release, say in
docs/bundle.md what changed, and add a damage test for the old and the new."""
TEXT_FORMAT = 3
"""Of a bundle whose market has texts, so that a reader that knows no words refuses it; else all as in FORMAT."""
REDUCED_FORMAT = 4
"""Of a bundle with trees for listings that lack certain fields, with texts or without: a reader that knows no such
trees would price these listings otherwise."""
FORMATS = (1, FORMAT, TEXT_FORMAT, REDUCED_FORMAT)
"""What this code reads."""

MANIFEST = "manifest.json"
FILES = ("encoders.pkl", "scaler.pkl", "model.pkl")
COMPARABLES = "comparables.pkl"
"""A bundle may have it besides: the listings that may be shown beside a price."""

MAX_BYTES = 1 << 28
MAX_MANIFEST_BYTES = 1 << 24
MAX_CHAMPION_BYTES = 1 << 10

MAX_GOLDEN = 1000
"""Golden listings: a training picks about 14, and each is priced at every start."""

VERSION_TIME = "%Y%m%dT%H%M%SZ"
_VERSION = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
RETRAIN = (
    "Choose another model: ./carprice models, then ./carprice promote VERSION; or train one: ./carprice train"
)
NAME_AGAIN = "Name the champion again: ./carprice models, then ./carprice promote VERSION"


class _File(msgspec.Struct):
    bytes: Annotated[int, msgspec.Meta(ge=0)]
    sha256: str


class _Golden(msgspec.Struct):
    listing: dict[str, Any]
    price: Number
    low: Number
    high: Number


class _Manifest(msgspec.Struct):
    """What a bundle needs to serve; other keys are for people."""

    version: str
    market: dict[str, Any]
    files: dict[str, Any]
    golden: Annotated[list[_Golden], msgspec.Meta(min_length=1, max_length=MAX_GOLDEN)]


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a bundle folder. Raises BundleError for a missing, damaged or newer one."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(read_file(path, MAX_MANIFEST_BYTES))
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path}: is not JSON ({error})", RETRAIN) from None
    if not isinstance(manifest, dict):
        raise BundleError(f"{path}: should hold an object (got {type(manifest).__name__})", RETRAIN)
    _check_format(manifest.get("format"), path)
    _check_keys(manifest, path)
    return manifest


def verify_files(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Raises BundleError naming the first file of a bundle that does not have its size and digest."""
    for name in (*FILES, COMPARABLES):
        if name in manifest["files"]:
            read_verified(folder / name, manifest["files"][name])


def read_verified(path: Path, expected: Mapping[str, Any]) -> bytes:
    """The bytes of a file that has the size and the digest of its manifest entry. Raises BundleError."""
    data = read_file(path)
    if len(data) < expected["bytes"]:
        raise BundleError(
            f"{path}: is truncated: should have {expected['bytes']:,} bytes (got {len(data):,})", RETRAIN
        )
    digest = hashlib.sha256(data).hexdigest()
    if digest != expected["sha256"]:
        raise BundleError(f"{path}: SHA-256: should be {expected['sha256']} (got {digest})", RETRAIN)
    return data


def read_file(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a plain file, or of one that is linked to; a pipe or a device could have no end.

    Raises BundleError where it cannot be read or has more bytes than limit.
    """
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise BundleError(f"{path}: should be a plain file", f"See what it is: ls -lL {path}")
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise BundleError(f"{path}: is missing", RETRAIN) from None
    except OSError as error:
        raise refuse_read(path, error) from None
    if len(data) > limit:
        raise BundleError(f"{path}: should have at most {limit:,} bytes (got more)", RETRAIN)
    return data


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write or replace the manifest of a bundle folder; a number that is not finite becomes null.

    Raises FileError where it cannot be written.
    """
    text = json.dumps(_without_nan(manifest), indent=2, ensure_ascii=False, allow_nan=False)
    write_file(folder / MANIFEST, f"{text}\n".encode())


def list_versions(artifacts_dir: Path) -> list[str]:
    """The versions of complete bundles in a folder, oldest first. Raises BundleError where it cannot be read."""
    try:
        names = [path.name for path in artifacts_dir.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise refuse_read(artifacts_dir / "*", error) from None
    return sorted(name for name in names if is_version(name) and is_there(artifacts_dir / name / MANIFEST))


def is_version(text: str) -> bool:
    """Whether the text has the form of a version, such as 20261123T124500Z."""
    return _VERSION.fullmatch(text) is not None


def champion_version(artifacts_dir: Path) -> str | None:
    """The version that is served by default, or None before the first promotion.

    Raises BundleError where the champion file holds anything but one version.
    """
    path = artifacts_dir / CHAMPION
    if not is_there(path):
        return None
    text = read_file(path, MAX_CHAMPION_BYTES).decode(errors="replace").strip()
    if not is_version(text):
        raise BundleError(
            f"{path}: should hold one version such as 20261123T124500Z (got {text[:40]!r})", NAME_AGAIN
        )
    return text


def usable_champion(artifacts_dir: Path) -> str | None:
    """The same, but None for a damaged file too: what names another champion puts that right."""
    try:
        return champion_version(artifacts_dir)
    except BundleError:
        return None


def holds_model(artifacts_dir: Path) -> bool:
    """Whether a folder says which model serves: it has a champion, or is a bundle itself. Raises BundleError."""
    return champion_version(artifacts_dir) is not None or holds_bundle(artifacts_dir)


def holds_bundle(folder: Path) -> bool:
    """Whether a folder is a bundle itself, as model servers mount it. Raises BundleError."""
    return is_there(folder / MANIFEST)


def set_champion(artifacts_dir: Path, version: str) -> None:
    """Make a version the one that is served by default.

    Raises BundleError for what is no version, FileError where the file cannot be written.
    """
    check_version(version)
    write_file(artifacts_dir / CHAMPION, f"{version}\n".encode())


def check_version(text: str) -> None:
    """Raises BundleError where the text, an empty one too, does not have the form of a version."""
    if not is_version(text):
        raise BundleError(f"Model version {text!r} is not a version such as 20261123T124500Z", RETRAIN)


def find_bundle(artifacts_dir: Path, version: str = "") -> Path:
    """The folder of that version, or of the champion; or artifacts_dir, where that is the bundle itself.

    Raises BundleError naming what exists instead.
    """
    champion = "" if version else champion_version(artifacts_dir)
    wanted = version or champion
    if wanted:
        check_version(wanted)
        if is_there(artifacts_dir / wanted):
            return artifacts_dir / wanted
    if not champion and holds_bundle(artifacts_dir) and version in ("", read_manifest(artifacts_dir)["version"]):
        return artifacts_dir
    if not wanted:
        raise BundleError(
            f"{artifacts_dir}: has no champion, so there is no model to serve", "Train one: ./carprice train"
        )
    known = f"Bundles there: {', '.join(list_versions(artifacts_dir)) or 'none'}"
    if champion:
        raise BundleError(f"{artifacts_dir / CHAMPION}: names {wanted}, which is missing. {known}", NAME_AGAIN)
    raise BundleError(f"{artifacts_dir}: has no bundle {wanted}. {known}", RETRAIN)


def _check_format(found: Any, path: Path) -> None:
    known = f"{', '.join(map(str, FORMATS[:-1]))} and {FORMATS[-1]}"
    if type(found) is int and found > FORMATS[-1]:
        raise BundleError(
            f"{path}: format {found} is newer than this code, which reads formats {known}",
            "Update the service, or choose an older model: ./carprice models",
        )
    if type(found) is not int or found not in FORMATS:
        raise BundleError(f"{path}: format: should be {known.replace('and', 'or')} (got {found!r})", RETRAIN)


def _check_keys(manifest: dict[str, Any], path: Path) -> None:
    checked = convert(manifest, _Manifest, str(path), BundleError, RETRAIN)
    for name in (*FILES, *({COMPARABLES} & checked.files.keys())):
        convert(checked.files.get(name), _File, f"{path}: files.{name}", BundleError, RETRAIN)
    folder, version = path.parent.name, checked.version
    if not is_version(version) or (is_version(folder) and folder != version):
        wanted = f"{folder}, as its folder" if is_version(folder) else "one such as 20261123T124500Z"
        raise BundleError(f"{path}: version: should be {wanted} (got {version[:40]!r})", RETRAIN)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def is_there(path: Path) -> bool:
    """Whether there is anything of that name. Raises BundleError where a folder above it may not be searched."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:  # a folder above it may not be searched
        raise refuse_read(path, error) from None
    return True


def refuse_read(path: Path, error: OSError) -> BundleError:
    """The error that says why a file or folder cannot be read, and what to do about it."""
    what, hint = describe_access(path, "read", error)
    return BundleError(what, hint or RETRAIN)
