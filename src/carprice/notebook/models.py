"""Training a model in Python, and how good it is."""

import os
from pathlib import Path

from carprice.evaluation.later_listings import read_report
from carprice.evaluation.report import Report
from carprice.listings.listings_files import ListingsFiles
from carprice.market.market_file import load_market
from carprice.model.bundle.manifest import find_bundle, read_manifest
from carprice.notebook.pricing import NotebookPricer, load_pricer
from carprice.settings import load_settings
from carprice.training.train import SEED, Say, train_file


def train(
    *listings: str | Path, market: str, seed: int = SEED, say: Say = print, cap: int | None = None
) -> NotebookPricer:
    """Learn from listings files, write the model, and load it; the champion stays what it is.

    market: a file in markets/, or a path to one. say: takes each line of progress. MLflow is told by
    `./carprice models send`. cap: the most listings of each make and model that are learnt from. Raises
    ListingsError, MarketError and TrainingError.
    """
    settings = load_settings(os.environ)
    files = ListingsFiles([Path(name) for name in listings])
    training = train_file(files, load_market(market, settings.markets_dir), settings, seed, say, cap=cap)
    return load_pricer(training.version)


def report(version: str = "") -> Report:
    """The valuation report of a model, without a version of the champion: docs/report.md has its keys.

    Raises BundleError where there is no such model, or it has no report.
    """
    settings = load_settings(os.environ)
    return read_report(read_manifest(find_bundle(settings.artifacts_dir, version or settings.model_version)))
