"""From listings to a bundle: split, fit, judge, fit again on everything, write."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from functools import partial
from importlib.metadata import version as library_version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from carprice.errors import TrainingError
from carprice.frames.encoding import unify_spellings
from carprice.listings.cap import thin_as_market
from carprice.listings.cleaning import Listings
from carprice.listings.leaks import check_leaks
from carprice.listings.listings_files import Source
from carprice.listings.stored import Table, store_frame
from carprice.market.kinds import EPOCH
from carprice.market.market_file import NO_CURRENCY, Market, dump_market
from carprice.model.bundle.inputs import INPUTS
from carprice.model.bundle.manifest import read_manifest
from carprice.model.bundle.signing import load_signing_key
from carprice.model.bundle.writing import ensure_writable, write_bundle
from carprice.settings import Settings
from carprice.training.baselines import warn_of_baselines
from carprice.training.comparables import build_comparables
from carprice.training.fit import Fitted, fit_listings
from carprice.training.forest.recipes import Recipe
from carprice.training.golden import pick_golden
from carprice.training.inputs import describe_inputs, measure_distance
from carprice.training.judging import judge_model, prove_served
from carprice.training.on_engine.outputs import (
    read_fitted,
    read_judged,
    read_plain,
    write_fitted,
    write_judged,
    write_plain,
)
from carprice.training.on_engine.work import NO_ENGINE, EngineChoice, TrainingWork, open_work
from carprice.training.price_index import INDEX, describe_index
from carprice.training.split import Split, split_listings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SEED = 7
EXAMPLE_ROWS = 5
DEMO_MARKET = "demo"
LIBRARIES = ("lightgbm", "numpy", "polars", "scikit-learn", "mlflow")
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


def train_file(
    source: Source,
    market: Market,
    settings: Settings,
    seed: int = SEED,
    say: Say = print,
    keep_comparables: bool = True,
    cap: int | None = None,
    choice: EngineChoice = NO_ENGINE,
) -> Training:
    """Read and clean a listings file, or several, then train on it; cap: listings of each make and model.

    With an engine, or many listings, what is done is kept until there is a model: killed, the same call goes on.
    Raises ListingsError, TrainingError and EngineError.
    """
    say(f"Reading {source} ...")
    with open_work(choice, settings.artifacts_dir, market.name) as work:
        listings = work.read(source, market, cap)
        for line in listings.report.head():
            say(line)
        held = [listings]
        del listings  # train alone has them, and lets go of them while it learns
        return train(held.pop(), market, settings, seed, say, keep_comparables, work)


def train(
    listings: Listings[Table],
    market: Market,
    settings: Settings,
    seed: int = SEED,
    say: Say = print,
    keep_comparables: bool = True,
    work: TrainingWork | None = None,
) -> Training:
    """Learn from cleaned listings and write a bundle below settings.artifacts_dir.

    A model of the training part is judged by the test part, once, after everything is chosen; then the same way is
    gone with every listing, and that model serves. keep_comparables: the bundle keeps listings to be shown, unless
    the market file has `comparables = false`. work: which has read the listings; None for what keeps nothing.
    Raises TrainingError when the listings do not make a model, and BundleError at once where it could not be
    written or signed.
    """
    started = time.monotonic()
    _check_currency(market)
    key = _prepare_writing(settings)
    whole = store_frame(listings.frame, settings.artifacts_dir)
    listings = replace(listings, frame=pl.DataFrame())  # room for everything else
    steps = _Steps(market, seed, say, work or TrainingWork())
    whole, split = _divide(whole, market)
    say(f"Learning from {split.training.height:,} listings ...")
    judged = steps.fit(split.training)
    say(f"Judging by {split.test.height:,} other listings, {_say_split(split.cut)} ...")
    test, figures = steps.judge(judged, split)
    figures["report"]["notes"][:0] = _note_cap(listings)
    say(f"Learning from all {whole.height:,} listings ...")
    served = steps.fit(whole, judged.recipe)
    figures["proof"] = steps.prove(served, split.test, test)
    manifest = _describe(judged, served, listings, whole, split, steps) | figures
    manifest |= _describe_learnt(whole, market)
    for warning in warn_of_baselines(manifest["baselines"], manifest["metrics"]["overall"]):
        say(warning)
    manifest["took_seconds"] = round(time.monotonic() - started, 1)
    kept = steps.list_comparables(whole, served) if keep_comparables and market.listing.comparables else None
    learnt, golden = (served.encoders, served.scaler, served.model), pick_golden(whole, market)
    version = write_bundle(settings.artifacts_dir, *learnt, manifest, golden, kept, key)
    folder = settings.artifacts_dir / version
    return Training(version, folder, read_manifest(folder), manifest["params"], test)


@dataclass(frozen=True)
class _Steps:
    """What takes the time of a training, each done once for the listings that were read."""

    market: Market
    seed: int
    say: Say
    work: TrainingWork

    def fit(self, frame: Table, recipe: Recipe | None = None) -> Fitted:
        """Learn from the training part, or with its recipe from all."""
        return self.work.once(
            fit_listings,
            partial(fit_listings, frame, self.market, self.seed, self.say, recipe, self.work),
            write_fitted,
            partial(read_fitted, market=self.market),
            seed=self.seed,
            recipe=asdict(recipe) if recipe else None,
        )

    def judge(self, judged: Fitted, split: Split) -> tuple[pl.DataFrame, dict[str, Any]]:
        """The test part as it is priced, and the figures."""
        return self.work.once(
            judge_model,
            lambda: judge_model(judged, split, self.seed, self.work.grow),
            write_judged,
            read_judged,
            seed=self.seed,
        )

    def prove(self, served: Fitted, part: pl.DataFrame, test: pl.DataFrame) -> dict[str, float]:
        """That the served model is the one that was judged."""
        make = partial(prove_served, served, part, test)
        return self.work.once(prove_served, make, write_plain, read_plain, seed=self.seed)

    def list_comparables(self, whole: Table, served: Fitted) -> dict[str, Any]:
        """The listings to be shown."""
        return self.work.once(
            build_comparables,
            lambda: build_comparables(whole, served.pricer("served"), served.index),
            write_plain,
            read_plain,
            seed=self.seed,
        )


def _prepare_writing(settings: Settings) -> "Ed25519PrivateKey | None":
    """The key that signs, if any; raises BundleError where a bundle could not be written or signed."""
    ensure_writable(settings.artifacts_dir)
    return load_signing_key(Path(settings.signing_key)) if settings.signing_key else None


def _divide(frame: Table, market: Market) -> tuple[Table, Split]:
    frame = unify_spellings(frame, market)
    check_leaks(frame, market)
    return frame, split_listings(frame)


def _check_currency(market: Market) -> None:
    """Raise TrainingError for a draft whose file did not say what its prices are in."""
    if market.currency == NO_CURRENCY:
        raise TrainingError(
            f"Market {market.name}: the currency of its prices is not known (currency = {NO_CURRENCY!r})",
            "Write its three letters into the market file, such as EUR, or draft it again: "
            "./carprice market init LISTINGS --currency EUR",
        )


def _note_cap(listings: Listings[Table]) -> list[str]:
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
    judged: Fitted, served: Fitted, listings: Listings[Table], whole: Table, split: Split, steps: _Steps
) -> dict[str, Any]:
    report, market, gang = listings.report, served.market, steps.work.gang
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
            "train_rows": split.training.height,
            "calibration_rows": judged.held,
            "test_rows": split.test.height,
            "served_rows": whole.height,
            "judged_by": "car" if split.cut is None else "time",
            "cut": _name_day(split.cut),
            "as_of": _name_day(served.model["as_of"]),
        },
        INDEX: describe_index(served.index),
        "mlflow": None,
        "params": {**_describe_recipe(judged), "seed": steps.seed, **({"gang": gang} if gang else {})},
        "libraries": {name: library_version(name) for name in LIBRARIES},
    }


def _describe_learnt(frame: Table, market: Market) -> dict[str, Any]:
    """What the manifest says of the listings that the served model learnt from."""
    distance = measure_distance(thin_as_market(frame), market)
    return {INPUTS: describe_inputs(frame, market), "distance_per_year": distance}


def _describe_recipe(judged: Fitted) -> dict[str, Any]:
    errors = {f"cv_error_{name}": round(error, 5) for name, error in judged.errors.items()}
    recipe = asdict(judged.recipe)
    return {"recipe": recipe.pop("name"), **recipe, **errors, "all_trees": recipe["fits"] * recipe["trees"]}
