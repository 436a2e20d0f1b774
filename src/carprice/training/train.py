"""From listings to a bundle: split, fit, judge, fit again on everything, write."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from importlib.metadata import version as library_version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from carprice.errors import TrainingError
from carprice.evaluation.error_slices import measure_slices
from carprice.evaluation.importance import measure_importance
from carprice.evaluation.report import build_report
from carprice.frames.encoding import unify_spellings
from carprice.frames.pricing import price_frame
from carprice.listings.cap import thin_as_market
from carprice.listings.cleaning import CAR, DAY, Listings, load_listings
from carprice.listings.leaks import check_leaks
from carprice.listings.listings_files import Source
from carprice.listings.room import watch_room
from carprice.listings.stored import Table, spread_rows, store_frame
from carprice.market.kinds import EPOCH
from carprice.market.market_file import NO_CURRENCY, Market, dump_market
from carprice.model.bundle.inputs import INPUTS
from carprice.model.bundle.manifest import read_manifest
from carprice.model.bundle.signing import load_signing_key
from carprice.model.bundle.writing import ensure_writable, write_bundle
from carprice.model.price_range import COVERAGE
from carprice.settings import Settings
from carprice.training.ageing import forecast_ageing, measure_ageing
from carprice.training.baselines import measure_baselines, warn_of_baselines
from carprice.training.comparables import build_comparables
from carprice.training.fit import Fitted, fit_listings, score_by
from carprice.training.forest.booster import Grow, grow_here
from carprice.training.forest.recipes import SMALL
from carprice.training.golden import pick_golden
from carprice.training.inputs import describe_inputs, measure_distance
from carprice.training.price_index import INDEX, describe_index
from carprice.training.split import split_listings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SEED = 7
EXAMPLE_ROWS = 5
DEMO_MARKET = "demo"
LIBRARIES = ("lightgbm", "numpy", "polars", "scikit-learn", "mlflow")
MAX_WORSE = 1.1
"""How many times the judged model's median error the served one may have on the same listings, which it has seen.
"""

AGEING_RECIPE = replace(SMALL, name="ageing", copies=0, reduced=0)
"""Of the models of earlier days, which price whole listings alone."""
MAX_JUDGING_ROWS = 500_000
"""That baselines and the models of earlier days learn from."""
CHANCE = 2.0
"""Over the root of the listings, and 1 more: the bound for few of them, whose median is mostly chance."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Training:
    """What one training made.

    test: the test part as price_frame has it, by the judged model, which never saw it.
    """

    version: str
    folder: Path
    manifest: dict[str, Any]
    params: dict[str, Any]
    test: pl.DataFrame


@dataclass(frozen=True)
class _Parts:
    """What is learnt from: all listings, and the training part; test and cut: as of a Split."""

    whole: Table
    training: Table
    test: pl.DataFrame
    cut: float | None


def train_file(
    source: Source,
    market: Market,
    settings: Settings,
    seed: int = SEED,
    say: Say = print,
    keep_comparables: bool = True,
    cap: int | None = None,
    grow: Grow = grow_here,
    gang: int = 0,
) -> Training:
    """Read and clean a listings file, or several, then train on it; cap: listings of each make and model.

    Raises ListingsError and TrainingError.
    """
    say(f"Reading {source} ...")
    listings = load_listings(source, market, cap=cap, check_held=watch_room(market))
    for line in listings.report.head():
        say(line)
    held = [listings]
    del listings  # train alone has them, and lets go of them while it learns
    return train(held.pop(), market, settings, seed, say, keep_comparables, grow, gang)


def train(
    listings: Listings,
    market: Market,
    settings: Settings,
    seed: int = SEED,
    say: Say = print,
    keep_comparables: bool = True,
    grow: Grow = grow_here,
    gang: int = 0,
) -> Training:
    """Learn from cleaned listings and write a bundle below settings.artifacts_dir.

    A model of the training part is judged by the test part, once, after everything is chosen; then the same way is
    gone with every listing, and that model serves. keep_comparables: the bundle keeps listings to be shown, unless
    the market file has `comparables = false`. grow: what grows the boosters; gang: by so many workers together,
    for the manifest. Raises TrainingError when the listings do not make a model, and BundleError at once where it
    could not be written or signed.
    """
    started = time.monotonic()
    _check_currency(market)
    key = _prepare_writing(settings)
    whole = store_frame(listings.frame, settings.artifacts_dir)
    listings = replace(listings, frame=listings.frame.clear())  # room for everything else
    parts = _divide(whole, market)
    say(f"Learning from {parts.training.height:,} listings ...")
    judged = fit_listings(parts.training, market, seed, say, grow=grow)
    say(f"Judging by {parts.test.height:,} other listings, {_say_split(parts.cut)} ...")
    test, figures = _judge(judged, parts, seed, grow)
    figures["report"]["notes"][:0] = _note_cap(listings)
    say(f"Learning from all {parts.whole.height:,} listings ...")
    served = fit_listings(parts.whole, market, seed, say, judged.recipe, grow)
    figures["proof"] = prove_served(served, parts.test, test)
    manifest = _describe(judged, served, listings, parts, seed, gang) | figures
    manifest |= _describe_learnt(parts.whole, market)
    for warning in warn_of_baselines(manifest["baselines"], manifest["metrics"]["overall"]):
        say(warning)
    manifest["took_seconds"] = round(time.monotonic() - started, 1)
    is_kept = keep_comparables and market.listing.comparables
    kept = build_comparables(parts.whole, served.pricer("served"), served.index) if is_kept else None
    learnt, golden = (served.encoders, served.scaler, served.model), pick_golden(parts.whole, market)
    version = write_bundle(settings.artifacts_dir, *learnt, manifest, golden, kept, key)
    folder = settings.artifacts_dir / version
    return Training(version, folder, read_manifest(folder), manifest["params"], test)


def _prepare_writing(settings: Settings) -> "Ed25519PrivateKey | None":
    """The key that signs, if any; raises BundleError where a bundle could not be written or signed."""
    ensure_writable(settings.artifacts_dir)
    return load_signing_key(Path(settings.signing_key)) if settings.signing_key else None


def _divide(frame: Table, market: Market) -> _Parts:
    frame = unify_spellings(frame, market)
    check_leaks(frame, market)
    split = split_listings(frame)
    return _Parts(frame, split.training, split.test, split.cut)


def _check_currency(market: Market) -> None:
    """Raise TrainingError for a draft whose file did not say what its prices are in."""
    if market.currency == NO_CURRENCY:
        raise TrainingError(
            f"Market {market.name}: the currency of its prices is not known (currency = {NO_CURRENCY!r})",
            "Write its three letters into the market file, such as EUR, or draft it again: "
            "./carprice market init LISTINGS --currency EUR",
        )


def _judge(judged: Fitted, parts: _Parts, seed: int, grow: Grow) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The test part as the judged model prices it, and every figure of that model."""
    pricer = judged.pricer("judged")
    test = price_frame(parts.test, pricer)
    training = spread_rows(parts.training, MAX_JUDGING_ROWS)
    ageing = _measure_ageing(judged, training, parts.cut, test, seed, grow)
    return test, {
        "metrics": measure_slices(test, judged.market),
        "ageing": ageing,
        "baselines": measure_baselines(training, parts.test, judged.market, judged.scaler),
        "coverage": {"target": COVERAGE, "measured": _measure_coverage(test)},
        "importance": measure_importance(test, pricer),
        "report": build_report(parts.test, pricer, ageing),
    }


def _note_cap(listings: Listings) -> list[str]:
    """A sentence on what the cap left aside, for the report; none where that is nothing."""
    over = listings.report.over_cap
    if not over:
        return []
    return [
        f"Learnt from at most {listings.cap:,} listings of each make and model: {over:,} more were left aside. "
        "Those that judge are mixed as all of them are."
    ]


def _say_split(cut: float | None) -> str:
    return f"seen after {_name_day(cut)}" if cut is not None else "of other cars; time is not judged"


def _name_day(day: float | None) -> str | None:
    return None if day is None else (EPOCH + timedelta(days=day)).isoformat()


def _describe(
    judged: Fitted, served: Fitted, listings: Listings, parts: _Parts, seed: int, gang: int
) -> dict[str, Any]:
    report, market = listings.report, served.market
    return {
        "market": dump_market(market),
        "demo": market.name == DEMO_MARKET,
        "data": {
            "source": report.name or Path(report.source).name,
            "fingerprint": listings.fingerprint,
            "rows_read": report.rows_read,
            "rows_kept": report.rows_kept,
            "cap": listings.cap,
            "over_cap": report.over_cap,
            "hygiene": report.hygiene(),
            "train_rows": parts.training.height,
            "calibration_rows": judged.held,
            "test_rows": parts.test.height,
            "served_rows": parts.whole.height,
            "judged_by": "car" if parts.cut is None else "time",
            "cut": _name_day(parts.cut),
            "as_of": _name_day(served.model["as_of"]),
        },
        INDEX: describe_index(served.index),
        "mlflow": None,
        "params": {**_describe_recipe(judged), "seed": seed, **({"gang": gang} if gang else {})},
        "libraries": {name: library_version(name) for name in LIBRARIES},
    }


def _describe_learnt(frame: Table, market: Market) -> dict[str, Any]:
    """What the manifest says of the listings that the served model learnt from."""
    distance = measure_distance(thin_as_market(frame), market)
    return {INPUTS: describe_inputs(frame, market), "distance_per_year": distance}


def prove_served(served: Fitted, part: pl.DataFrame, test: pl.DataFrame) -> dict[str, float]:
    """The median errors of the served and of the judged model on the test part.

    The served one has learnt from it, so it should do better. Raises TrainingError where it does worse by more
    than a bound: then it is not the model that was judged.
    """
    again = price_frame(part, served.pricer("served"))
    errors = {
        name: float(np.median(np.abs(frame["predicted"].to_numpy() / frame["price"].to_numpy() - 1)))
        for name, frame in (("judged", test), ("served", again))
    }
    if errors["served"] > max(MAX_WORSE, 1 + CHANCE / part.height**0.5) * errors["judged"]:
        raise TrainingError(
            f"The model of all listings has a median error of {errors['served']:.1%} on listings that it has "
            f"seen, where the judged one has {errors['judged']:.1%}",
            "That is a bug of this software; report it with the market file.",
        )
    return errors


def _measure_ageing(
    judged: Fitted, training: pl.DataFrame, cut: float | None, test: pl.DataFrame, seed: int, grow: Grow
) -> list[dict[str, Any]] | None:
    """What the error will be in days to come; None where listings have no day."""
    if cut is None:
        return None
    dated = training.filter(pl.col(DAY).is_not_null())
    log_price = np.log(dated["price"].to_numpy())
    ageing = measure_ageing(
        dated[DAY].to_numpy(),
        dated[CAR].to_numpy(),
        log_price,
        score_by(dated, judged.market, AGEING_RECIPE, grow),
        seed,
    )
    error = float(np.median(np.abs(test["predicted"].to_numpy() / test["price"].to_numpy() - 1)))
    return forecast_ageing(ageing, judged.index, error, float(test[DAY].mean() or 0) - cut)  # type: ignore[arg-type]


def _measure_coverage(test: pl.DataFrame) -> float:
    """The share of prices that their range holds, of those for which a share is promised."""
    claimed = test.filter(pl.col("coverage").is_not_null())
    part = claimed if claimed.height else test
    return float(part.select(pl.col("price").is_between("low", "high").mean()).item())


def _describe_recipe(judged: Fitted) -> dict[str, Any]:
    errors = {f"cv_error_{name}": round(error, 5) for name, error in judged.errors.items()}
    recipe = asdict(judged.recipe)
    return {"recipe": recipe.pop("name"), **recipe, **errors, "all_trees": recipe["fits"] * recipe["trees"]}
