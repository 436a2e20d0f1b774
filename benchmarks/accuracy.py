"""Accuracy beside plain LightGBM and CatBoost: the same listings, the same split, one run.

    PYTHONPATH=src .venv/bin/python benchmarks/accuracy.py [--listings FOLDER] [--market NAME] [--write]

CatBoost lives in an environment of its own below var/bench/, made at the first run.
"""

import argparse
import json
import subprocess
import tempfile
import time
import venv
from pathlib import Path

import lightgbm as lgb
import numpy as np
import polars as pl
from table import format_table, print_section

from carprice.evaluation.error_slices import measure_errors
from carprice.frames.encoding import list_categories, unify_spellings
from carprice.frames.pricing import price_frame
from carprice.listings.cleaning import load_listings
from carprice.market.market_file import Market, load_market
from carprice.settings import ROOT
from carprice.training.fit import fit_listings
from carprice.training.split import Split, fold_of, split_listings
from carprice.training.train import SEED

MARKETS = {name: ROOT / "markets" / f"{name}.toml" for name in ("uk", "georgia")} | {
    name: Path(__file__).parent / "markets" / f"{name}.toml" for name in ("australia", "saudi", "auction")
}
CATBOOST = "catboost==1.2.10"
CATBOOST_FOLDER = ROOT / "var" / "bench" / "catboost"
PLAIN_TREES = 1500
THREADS = 2
DRAWS = 1000
"""Of the bootstrap."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listings", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--market", choices=MARKETS, action="append")
    parser.add_argument("--without-catboost", action="store_true", help="it takes most of the time")
    parser.add_argument("--write", action="store_true", help="keep the table in docs/benchmarks.md")
    options = parser.parse_args()
    lines = []
    for name in options.market or MARKETS:
        lines += [*measure_market(name, options.listings / f"{name}.csv.gz", options.without_catboost), ""]
    print_section(
        "Accuracy", "PYTHONPATH=src .venv/bin/python benchmarks/accuracy.py --write", lines, options.write
    )


def measure_market(name: str, path: Path, without_catboost: bool = False) -> list[str]:
    """One market's table: mean and median error on the test part, beside ours, seconds to learn."""
    market = load_market(str(MARKETS[name]), ROOT / "markets")
    split = split_listings(unify_spellings(load_listings(path, market).frame, market))
    ways = {"ours": price_ours, "plain LightGBM": price_plain}
    ways |= {} if without_catboost else {"CatBoost": price_catboost}
    actual = split.test["price"].to_numpy()
    priced, took = {}, {}
    for way, price in ways.items():
        started = time.perf_counter()
        priced[way] = price(split, market)
        took[way] = time.perf_counter() - started
    rows = []
    for way, prices in priced.items():
        errors = measure_errors(actual, prices)
        low, high = compare_errors(actual, priced["ours"], prices)
        beside = "" if way == "ours" else f"{low:+.1%} to {high:+.1%}"
        rows.append([way, f"{errors['mae']:,.0f}", beside, f"{errors['median_ape']:.2%}", f"{took[way]:.0f} s"])
    judged = "newer ones" if split.cut is not None else "other cars"
    counts = f"{split.training.height:,} listings to learn from, {split.test.height:,} {judged} to judge by"
    head = f"{market.title}: {counts}."
    columns = ("", f"MAE {market.currency}", "our MAE beside it", "median APE", "took")
    return [head, "", format_table(columns, rows)]


def compare_errors(actual: np.ndarray, ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    """How much larger our MAE is than theirs: the bootstrap interval that holds nine in ten."""
    random = np.random.default_rng(SEED)
    one, other = np.abs(ours - actual), np.abs(theirs - actual)
    ratios = []
    for _ in range(DRAWS):
        drawn = random.integers(0, len(actual), len(actual))
        ratios.append(one[drawn].mean() / other[drawn].mean() - 1)
    low, high = np.quantile(ratios, [0.05, 0.95])
    return float(low), float(high)


def price_ours(split: Split, market: Market) -> np.ndarray:
    """What `carprice train` judges: recipe, trees and range of the training part alone."""
    fitted = fit_listings(split.training, market, SEED, lambda _: None)
    return price_frame(split.test, fitted.pricer("judged"))["predicted"].to_numpy()


def price_plain(split: Split, market: Market) -> np.ndarray:
    """LightGBM as anybody would: 1,500 trees of 63 leaves, L1 on log price, categories as they are."""
    training, test = (pd_frame(part, market) for part in (split.training, split.test))
    params = {"objective": "regression_l1", "learning_rate": 0.05, "num_leaves": 63, "num_threads": THREADS}
    data = lgb.Dataset(training, np.log(split.training["price"].to_numpy()))
    return np.exp(lgb.train({**params, "verbosity": -1, "seed": SEED}, data, PLAIN_TREES).predict(test))


def pd_frame(part: pl.DataFrame, market: Market):
    """The features as pandas has them; the categories share their values between the parts by name."""
    frame = part.select([feature.name for feature in market.features]).to_pandas()
    for place in list_categories(market):
        name = market.features[place].name
        frame[name] = frame[name].astype("category")
    return frame


def price_catboost(split: Split, market: Market) -> np.ndarray:
    """CatBoost with its own treatment of categories, stopped early on a tenth of the training part."""
    python = ensure_catboost()
    with tempfile.TemporaryDirectory() as folder:
        is_held = fold_of(split.training) == 0
        parts = {"fit": split.training.filter(~is_held), "calibration": split.training.filter(is_held)}
        names = [*(feature.name for feature in market.features), "price"]
        for name, part in {**parts, "test": split.test}.items():
            part.select(names).write_csv(Path(folder) / f"{name}.csv")
        task = {
            "folder": folder,
            "categories": [feature.name for feature in market.features if feature.is_category],
        }
        program = Path(__file__).with_name("catboost_peer.py")
        done = subprocess.run([python, program, json.dumps(task)], check=True, capture_output=True, text=True)
        return np.array(json.loads(done.stdout.splitlines()[-1]))


def ensure_catboost() -> Path:
    """Make CatBoost's environment where it is not there yet."""
    python = CATBOOST_FOLDER / "bin" / "python"
    stamp = CATBOOST_FOLDER / "complete"
    if not stamp.exists():
        venv.create(CATBOOST_FOLDER, clear=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", CATBOOST], check=True)
        stamp.touch()
    return python


if __name__ == "__main__":
    main()
