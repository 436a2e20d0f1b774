"""A bundle on disk: three pickles and a manifest, read with every check."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import msgspec

from carprice.errors import BundleError
from carprice.market.kinds import TEXT
from carprice.model.bundle.manifest import FILES, RETRAIN, read_verified
from carprice.model.bundle.model_file import check_model
from carprice.model.bundle.safe_pickle import load_plain
from carprice.model.bundle.signature import read_trusted_manifest
from carprice.model.encoding import Encoders, Scaler
from carprice.model.text import find_fault
from carprice.system.structs import Number, convert

MAX_FIGURE = 1e15
"""Beyond the values of any listing, and of what a page can show."""
_Figure = Annotated[float, msgspec.Meta(ge=-MAX_FIGURE, le=MAX_FIGURE)]


class _Figures(msgspec.Struct):
    """Of one number, in scaler.pkl."""

    fill: _Figure
    mean: _Figure
    scale: Annotated[float, msgspec.Meta(ge=1 / MAX_FIGURE, le=MAX_FIGURE)]
    min: _Figure
    max: _Figure


@dataclass(frozen=True)
class Bundle:
    """The contents of a bundle; docs/bundle.md has every key."""

    manifest: dict[str, Any]
    encoders: Encoders
    scaler: Scaler
    model: dict[str, Any]


def read_bundle(folder: Path, trusted: str = "") -> Bundle:
    """Read a bundle; its signature, and each file's size and digest, are checked before a pickle is opened.

    trusted: the folder of the public keys one of which has to have signed it; empty for any bundle. Raises
    BundleError naming file, expectation and value.
    """
    manifest = read_trusted_manifest(folder, trusted)
    encoders, scaler, model = (read_pickle(folder / name, manifest["files"][name]) for name in FILES)
    return check_bundle(Bundle(manifest, encoders, scaler, model), folder)


def check_bundle(bundle: Bundle, folder: Path) -> Bundle:
    """The bundle in this format, if its values fit the pricer. Raises BundleError naming file and key."""
    encoders, scaler, model = (folder / name for name in FILES)
    _check_encoders(bundle.encoders, encoders)
    texts = find_texts(bundle.manifest["market"])
    for name, figures in convert(bundle.scaler, dict[str, Any], str(scaler), BundleError, RETRAIN).items():
        if name in texts:
            _check_words(figures, f"{scaler}: {name}")
        else:
            convert(figures, _Figures, f"{scaler}: {name}", BundleError, RETRAIN)
    return replace(bundle, model=check_model(bundle.model, model, bundle.manifest["format"]))


def find_texts(market: Mapping[str, Any]) -> set[str]:
    """The names of the texts among the features of a market as the manifest has it, which is not checked yet."""
    features = market.get("features")
    if not isinstance(features, dict):
        return set()
    return {name for name, table in features.items() if isinstance(table, dict) and table.get("kind") == TEXT}


def read_pickle(path: Path, expected: Mapping[str, Any]) -> Any:
    """The value of a pickle whose manifest entry it fits. Raises BundleError."""
    data = read_verified(path, expected)
    try:
        return load_plain(data)
    except BundleError as error:
        raise BundleError(f"{path}: {error.what}", error.hint or RETRAIN) from None


def _check_words(amounts: Any, where: str) -> None:
    fault = find_fault(convert(amounts, dict[str, Number], where, BundleError, RETRAIN))
    if fault:
        raise BundleError(f"{where}: {fault}", RETRAIN)


def _check_encoders(encoders: Any, path: Path) -> None:
    for name, values in convert(encoders, dict[str, Any], str(path), BundleError, RETRAIN).items():
        known = convert(values, list[str], f"{path}: {name}", BundleError, RETRAIN)
        if len(set(known)) < len(known):
            raise BundleError(f"{path}: {name}: should have each value once", RETRAIN)
