"""The demo model: it learns from simulated listings, and serves until there is another."""

import os
from collections.abc import Callable
from pathlib import Path

import polars as pl

from carprice.market.market_file import load_market
from carprice.model.bundle.manifest import champion_version, set_champion
from carprice.names import STATISTICS_FILE
from carprice.settings import Settings, load_settings
from carprice.simulation.sampling import draw_listings
from carprice.tracking.promotion import record_training
from carprice.training.on_engine.work import NO_ENGINE, EngineChoice, open_work
from carprice.training.train import DEMO_MARKET, SEED, Training, train

DEMO_LISTINGS = 40_000

Say = Callable[[str], None]


def ensure_champion(
    settings: Settings,
    say: Say = print,
    before_record: Callable[[], None] = lambda: None,
    count: int = DEMO_LISTINGS,
) -> None:
    """Train on `count` simulated listings where there is no champion yet; the model becomes the champion.

    before_record is called between the training and its record in MLflow: the time to wait for MLflow.
    Raises ListingsError, MarketError and TrainingError.
    """
    if champion_version(settings.artifacts_dir) is not None:
        return
    say("No model yet, so the demo market's comes first.")
    training = train_demo(settings, say=say, count=count)
    before_record()
    record_training(training, settings, say)


def train_demo(
    settings: Settings,
    seed: int = SEED,
    say: Say = print,
    count: int = DEMO_LISTINGS,
    keep_comparables: bool = True,
    choice: EngineChoice = NO_ENGINE,
) -> Training:
    """Train on `count` simulated listings. Raises ListingsError, MarketError and TrainingError."""
    say(f"Drawing {count:,} simulated listings ...")
    market = load_market(DEMO_MARKET, settings.markets_dir)
    path = settings.var_dir / "demo" / "listings.parquet"
    write_listings(path, count, settings.markets_dir / STATISTICS_FILE)
    with open_work(choice, settings.artifacts_dir, market.name) as work:
        return train(work.read(path, market), market, settings, seed, say, keep_comparables, work)


def write_listings(path: Path, count: int, figures: Path) -> None:
    """Draw count listings into a Parquet file. Raises ListingsError where the figures cannot be read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.concat(draw_listings(count, SEED, figures)).write_parquet(path)


if __name__ == "__main__":
    # The image's build has the training code but neither the command line nor MLflow.
    _settings = load_settings(os.environ)
    set_champion(_settings.artifacts_dir, train_demo(_settings).version)
