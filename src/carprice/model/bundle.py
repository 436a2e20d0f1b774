"""A bundle on disk: three pickles and a manifest, read with every check."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from carprice.errors import BundleError
from carprice.model.encoding import Encoders, Scaler
from carprice.model.manifest import FILES, RETRAIN, read_file, read_manifest
from carprice.model.pickles import MAX_BYTES, load_plain

TRANSFORM = "log"


@dataclass(frozen=True)
class Bundle:
    """The contents of a bundle; docs/bundle.md has every key."""

    manifest: dict[str, Any]
    encoders: Encoders
    scaler: Scaler
    model: dict[str, Any]


def read_bundle(folder: Path) -> Bundle:
    """Read a bundle; each file's size and digest are checked before its pickle is opened.

    Raises BundleError naming file, expectation and value.
    """
    manifest = read_manifest(folder)
    encoders, scaler, model = (_read_pickle(folder / name, manifest["files"]) for name in FILES)
    _check_encoders(encoders, folder / FILES[0])
    _check_scaler(scaler, folder / FILES[1])
    _check_model(model, folder / FILES[2])
    if not isinstance(manifest["golden"], list) or not manifest["golden"]:
        raise BundleError(f"{folder / 'manifest.json'}: golden: should have at least one listing", RETRAIN)
    return Bundle(manifest, encoders, scaler, model)


def _read_pickle(path: Path, files: Mapping[str, Any]) -> Any:
    expected = files.get(path.name)
    if not isinstance(expected, dict):
        raise BundleError(f"{path.parent / 'manifest.json'}: files.{path.name} is missing", RETRAIN)
    if path.exists() and path.stat().st_size > MAX_BYTES:
        raise BundleError(f"{path}: should have at most {MAX_BYTES} bytes (got {path.stat().st_size})", RETRAIN)
    data = read_file(path)
    if len(data) < expected["bytes"]:
        raise BundleError(
            f"{path}: is truncated: should have {expected['bytes']} bytes (got {len(data)})", RETRAIN
        )
    digest = hashlib.sha256(data).hexdigest()
    if digest != expected.get("sha256"):
        raise BundleError(f"{path}: SHA-256: should be {expected.get('sha256')} (got {digest})", RETRAIN)
    try:
        return load_plain(data)
    except BundleError as error:
        raise BundleError(f"{path}: {error.what}", error.hint or RETRAIN) from None


def _check_encoders(encoders: Any, path: Path) -> None:
    for name, values in _expect_dict(encoders, path).items():
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise BundleError(f"{path}: {name}: should be a list of texts", RETRAIN)


def _check_scaler(scaler: Any, path: Path) -> None:
    for name, figures in _expect_dict(scaler, path).items():
        for key in ("fill", "mean", "scale", "min", "max"):
            if not isinstance(figures, dict) or not isinstance(figures.get(key), float):
                raise BundleError(f"{path}: {name}.{key}: should be a number", RETRAIN)
        if not figures["scale"]:
            raise BundleError(f"{path}: {name}.scale: should not be 0", RETRAIN)


def _check_model(model: Any, path: Path) -> None:
    _expect_dict(model, path)
    calibration = model.get("calibration")
    for key in ("coverage", "low", "high"):
        if not isinstance(calibration, dict) or not isinstance(calibration.get(key), float):
            raise BundleError(f"{path}: calibration.{key}: should be a number", RETRAIN)
    if model.get("transform") != TRANSFORM:
        raise BundleError(f"{path}: transform: should be {TRANSFORM!r} (got {model.get('transform')!r})", RETRAIN)
    if not isinstance(model.get("trees"), str):
        raise BundleError(f"{path}: trees: should be LightGBM's text", RETRAIN)


def _expect_dict(value: Any, path: Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BundleError(f"{path}: should hold a dict (got {type(value).__name__})", RETRAIN)
    return value
