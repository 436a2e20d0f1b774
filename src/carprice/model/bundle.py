"""A bundle on disk: three pickles and a manifest, read with every check."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from carprice.errors import BundleError
from carprice.model.encoding import Encoders, Scaler
from carprice.model.manifest import FILES, RETRAIN, is_number, read_manifest, read_verified
from carprice.model.safe_pickle import load_plain

TRANSFORM = "log"
FIGURES = ("fill", "mean", "scale", "min", "max")
MOST_SPREAD = 20.0
"""Of log price: a factor of 485 million, beyond which no range means anything."""


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
    encoders, scaler, model = (_read_pickle(folder / name, manifest["files"][name]) for name in FILES)
    return check_bundle(Bundle(manifest, encoders, scaler, model), folder)


def check_bundle(bundle: Bundle, folder: Path) -> Bundle:
    """The bundle, when its three values are what the pricer needs. Raises BundleError naming file and key."""
    _check_encoders(bundle.encoders, folder / FILES[0])
    _check_scaler(bundle.scaler, folder / FILES[1])
    _check_model(bundle.model, folder / FILES[2])
    return bundle


def _read_pickle(path: Path, expected: Mapping[str, Any]) -> Any:
    data = read_verified(path, expected)
    try:
        return load_plain(data)
    except BundleError as error:
        raise BundleError(f"{path}: {error.what}", error.hint or RETRAIN) from None


def _check_encoders(encoders: Any, path: Path) -> None:
    for name, values in _expect_dict(encoders, path).items():
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise BundleError(f"{path}: {name}: should be a list of texts", RETRAIN)
        if len(set(values)) < len(values):
            raise BundleError(f"{path}: {name}: should have each value once", RETRAIN)


def _check_scaler(scaler: Any, path: Path) -> None:
    for name, figures in _expect_dict(scaler, path).items():
        for key in FIGURES:
            if not isinstance(figures, dict) or not is_number(figures.get(key)):
                raise BundleError(f"{path}: {name}.{key}: should be a number", RETRAIN)
        if figures["scale"] <= 0:
            raise BundleError(f"{path}: {name}.scale: should be above 0 (got {figures['scale']})", RETRAIN)


def _check_model(model: Any, path: Path) -> None:
    _expect_dict(model, path)
    if model.get("transform") != TRANSFORM:
        raise BundleError(f"{path}: transform: should be {TRANSFORM!r} (got {model.get('transform')!r})", RETRAIN)
    if not isinstance(model.get("trees"), str):
        raise BundleError(f"{path}: trees: should be LightGBM's text", RETRAIN)
    if not isinstance(model.get("columns"), list):
        raise BundleError(f"{path}: columns: should be a list of feature names", RETRAIN)
    calibration = model.get("calibration")
    for key in ("coverage", "low", "high"):
        if not isinstance(calibration, dict) or not is_number(calibration.get(key)):
            raise BundleError(f"{path}: calibration.{key}: should be a number", RETRAIN)
    low, high = calibration["low"], calibration["high"]
    if not -MOST_SPREAD <= low <= 0 <= high <= MOST_SPREAD:
        raise BundleError(f"{path}: calibration: should have low <= 0 <= high (got {low} and {high})", RETRAIN)


def _expect_dict(value: Any, path: Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BundleError(f"{path}: should hold a dict (got {type(value).__name__})", RETRAIN)
    return value
