"""From listings to a bundle: split, learn, judge, learn from all, prove, write."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any

import polars as pl

from carprice.frames.encoding import encode_frame
from carprice.frames.pricing import price_frame
from carprice.listings.cleaning import Listings, load_listings
from carprice.market.kinds import EPOCH
from carprice.market.market_file import Market, dump_market
from carprice.model.bundle_writer import ensure_writable, write_bundle
from carprice.model.manifest import read_manifest
from carprice.model.price_range import COVERAGE
from carprice.settings import Settings
from carprice.training.baselines import measure_baselines, warn_of_baselines
from carprice.training.feature_leaks import check_features
from carprice.training.fit import Learnt, check_prices, forget_zeros, learn
from carprice.training.golden import pick_golden
from carprice.training.importance import measure_importance
from carprice.training.judging import describe_ageing, measure_coverage, prove_served
from carprice.training.metrics import measure_slices
from carprice.training.spellings import unify_spellings
from carprice.training.split import Split, split_listings

SEED = 7
EXAMPLE_ROWS = 5
DEMO_MARKET = "demo"
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

    Judge first, then serve: a model learns from the training part alone and is judged once by the test part; then
    the same way is gone with every listing, and that model serves. Raises TrainingError when the listings do not
    make a model, and BundleError at once where it could not be written.
    """
    ensure_writable(settings.artifacts_dir)
    frame = unify_spellings(listings.frame, market)
    check_prices(frame)
    check_features(frame, market)
    split = split_listings(frame)
    say(f"Learning from {split.training.height:,} listings ...")
    judged = learn(split.training, market, seed, say=say)
    say(f"Judging by {split.test.height:,} other listings ...")
    test = price_frame(split.test, judged.pricer())
    say(f"Learning the same way from all {frame.height:,} listings ...")
    served = learn(frame, market, seed, judged.recipe)
    facts = _describe(judged, served, listings, split, test, seed)
    facts["ageing"] = describe_ageing(served, frame, split.cut, test, seed)
    for warning in warn_of_baselines(facts["baselines"], facts["metrics"]["overall"]):
        say(warning)
    golden = pick_golden(frame, market)
    version = write_bundle(settings.artifacts_dir, served.encoders, served.scaler, served.model, facts, golden)
    folder = settings.artifacts_dir / version
    manifest = read_manifest(folder)
    example = _make_example(served, split.test)
    return Training(version, folder, manifest, manifest["params"], test, example, served.model["trees"])


def _make_example(served: Learnt, test: pl.DataFrame) -> pl.DataFrame:
    rows = forget_zeros(test.head(EXAMPLE_ROWS), served.model["unknown_zero"])
    matrix = encode_frame(rows, served.market, served.encoders, served.scaler)
    return pl.DataFrame(served.widening.apply(matrix), schema=served.widening.names)


def _describe(
    judged: Learnt, served: Learnt, listings: Listings, split: Split, test: pl.DataFrame, seed: int
) -> dict[str, Any]:
    market = judged.market
    metrics = measure_slices(test, market)
    params = {**served.params, **{f"cv_error_{n.replace(' ', '_')}": e for n, e in judged.recipe_errors.items()}}
    return {
        "market": dump_market(market),
        "demo": market.name == DEMO_MARKET,
        "data": _describe_data(listings, split, served),
        "metrics": metrics,
        "baselines": measure_baselines(split.training, split.test, market, judged.scaler),
        "coverage": {"target": COVERAGE, "measured": measure_coverage(test)},
        "judged": {"rows": len(judged.rows.target), "median_ape": metrics["overall"]["median_ape"]},  # type: ignore[index]
        "served": {"rows": len(served.rows.target), **prove_served(served, test)},
        "importance": measure_importance(split.test, served.pricer()),
        "params": {**params, "seed": seed},
        "libraries": {name: library_version(name) for name in LIBRARIES},
        "mlflow": None,
    }


def _describe_data(listings: Listings, split: Split, served: Learnt) -> dict[str, Any]:
    report = listings.report
    days = {} if split.cut is None else {"cut": int(split.cut), "as_of": served.model["as_of"]}
    return {
        "source": Path(report.source).name,
        "fingerprint": listings.fingerprint,
        "rows_read": report.rows_read,
        "rows_kept": report.rows_kept,
        "train_rows": split.training.height,
        "test_rows": split.test.height,
        "served_rows": len(served.rows.target),
        "judged_by": split.judged_by,
        **{name: (EPOCH + timedelta(days=day)).isoformat() for name, day in days.items()},
    }
