"""From listings to a bundle: split, fit, calibrate, evaluate, write."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from carprice.frames.encoding import encode_frame, read_listing
from carprice.listings.cleaning import Listings, load_listings
from carprice.market.market_file import Market, dump_market
from carprice.model.bundle_writer import ensure_writable, write_bundle
from carprice.model.manifest import read_manifest
from carprice.settings import Settings
from carprice.training.baselines import measure_baselines, warn_of_baselines
from carprice.training.boosting import measure_importance
from carprice.training.calibration import COVERAGE, measure_coverage
from carprice.training.fit import Fitted, fit_split
from carprice.training.metrics import measure_slices
from carprice.training.split import Split, split_listings

SEED = 7
GOLDEN_LISTINGS = 10
EXAMPLE_ROWS = 5
DEMO_MARKET = "demo"
UNKNOWN_TEXT = "Not in the listings"
LIBRARIES = ("lightgbm", "numpy", "polars", "scikit-learn", "mlflow")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Training:
    """What one training made.

    test: the test part with price, predicted, low and high. example: a few rows of the matrix, by
    column name, as the trees see them. trees: LightGBM's model text.
    """

    version: str
    folder: Path
    manifest: dict[str, Any]
    params: dict[str, Any]
    test: pl.DataFrame
    example: pl.DataFrame
    trees: str


def train_file(path: Path, market: Market, settings: Settings, seed: int = SEED, say: Say = print) -> Training:
    """Read and clean a listings file, then train on it. Raises ListingsError and TrainingError."""
    say(f"Reading {path} ...")
    return train(load_listings(path, market), market, settings, seed, say)


def train(listings: Listings, market: Market, settings: Settings, seed: int = SEED, say: Say = print) -> Training:
    """Learn from cleaned listings and write a bundle below settings.artifacts_dir.

    The test part is used once, after everything is chosen. Raises TrainingError when the
    listings do not make a model, and BundleError at once where it could not be written.
    """
    ensure_writable(settings.artifacts_dir)
    split = split_listings(listings.frame)
    say(f"Learning from {split.training.height:,} listings ...")
    fitted = fit_split(split, market, seed, say)
    say(f"Judging by {split.test.height:,} other listings ...")
    test = _price_test(fitted, split.test)
    manifest = _describe(fitted, listings, split, test, seed)
    for warning in warn_of_baselines(manifest["baselines"], manifest["metrics"]["overall"]):
        say(warning)
    model: dict[str, Any] = {
        "trees": fitted.booster.model_to_string(),
        "columns": [item.name for item in market.features],
        "transform": "log",
        "calibration": fitted.calibration,
    }
    golden = pick_golden(split.training, market)
    version = write_bundle(settings.artifacts_dir, fitted.encoders, fitted.scaler, model, manifest, golden)
    folder = settings.artifacts_dir / version
    matrix = encode_frame(split.test.head(EXAMPLE_ROWS), market, fitted.encoders, fitted.scaler)
    return Training(
        version=version,
        folder=folder,
        manifest=read_manifest(folder),
        params=manifest["params"],
        test=test,
        example=pl.DataFrame(matrix, schema=[item.name for item in market.features]),
        trees=model["trees"],
    )


def _price_test(fitted: Fitted, test: pl.DataFrame) -> pl.DataFrame:
    raw = fitted.score(test)
    return test.with_columns(
        pl.Series("predicted", np.exp(raw)),
        pl.Series("low", np.exp(raw + fitted.calibration["low"])),
        pl.Series("high", np.exp(raw + fitted.calibration["high"])),
    )


def _describe(fitted: Fitted, listings: Listings, split: Split, test: pl.DataFrame, seed: int) -> dict[str, Any]:
    price, low, high = (test[name].to_numpy() for name in ("price", "low", "high"))
    report = listings.report
    return {
        "market": dump_market(fitted.market),
        "demo": fitted.market.name == DEMO_MARKET,
        "data": {
            "source": Path(report.source).name,
            "fingerprint": listings.fingerprint,
            "rows_read": report.rows_read,
            "rows_kept": report.rows_kept,
            "train_rows": split.training.height,
            "calibration_rows": split.calibration.height,
            "test_rows": split.test.height,
        },
        "metrics": measure_slices(test, fitted.market),
        "baselines": measure_baselines(split.training, split.test, fitted.market, fitted.scaler),
        "coverage": {"target": COVERAGE, "measured": measure_coverage(price, low, high)},
        "importance": measure_importance(fitted.booster),
        "params": fitted.params,
        "libraries": {name: library_version(name) for name in LIBRARIES},
        "mlflow": None,
    }


def pick_golden(training: pl.DataFrame, market: Market) -> list[dict[str, Any]]:
    """Listings over the whole range of prices, one with an unknown category, one with a number missing."""
    indexes = np.unique(np.linspace(0, training.height - 1, GOLDEN_LISTINGS - 2).astype(int))
    rows = training.sort("price", "key")[indexes]
    golden = [read_listing(row, market) for row in rows.iter_rows(named=True)]
    texts = [item for item in market.features if item.is_category]
    if texts:
        changed = texts[min(1, len(texts) - 1)]
        golden.append({**golden[0], changed.name: UNKNOWN_TEXT[: changed.max_length].strip()})
    for name in [item.name for item in market.features if item.optional and not item.is_category][:1]:
        golden.append({key: value for key, value in golden[-1].items() if key != name})
    return golden
