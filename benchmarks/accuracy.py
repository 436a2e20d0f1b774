"""Accuracy beside plain LightGBM, CatBoost and AutoGluon: the same listings, the same split, one run.

    PYTHONPATH=src .venv/bin/python benchmarks/accuracy.py [--listings FOLDER] [--market NAME]
        [--autogluon MINUTES] [--write]

Each learns from all listings that ours learns from. CatBoost and AutoGluon live in environments of their own
below var/bench/, made at the first run; AutoGluon comes without its neural networks, whose library is ten times as
large.
"""

import argparse
import json
import subprocess
import tempfile
import time
import venv
from collections.abc import Callable
from functools import partial
from pathlib import Path

import lightgbm as lgb
import numpy as np
import polars as pl
from judging import add_options, learn, load_splits
from table import format_table, print_section

from carprice.evaluation.error_slices import measure_errors
from carprice.frames.encoding import list_categories
from carprice.frames.pricing import price_frame
from carprice.market.market_file import Market
from carprice.settings import ROOT
from carprice.training.split import Split, fold_of
from carprice.training.train import SEED

PEERS = {"catboost": "catboost==1.2.10", "autogluon": "autogluon.tabular[lightgbm,catboost,xgboost]==1.6.3"}
"""Each in an environment of its own, with the program `NAME_peer.py` beside this one."""
PLAIN_TREES = 1500
THREADS = 2
DRAWS = 1000
"""Of the bootstrap."""

Way = Callable[[Split, Market], np.ndarray]
"""From the two parts to the prices of the test part."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser)
    parser.add_argument("--without-catboost", action="store_true", help="it takes most of the time")
    parser.add_argument(
        "--autogluon", type=float, metavar="MINUTES", help="AutoGluon too, so long for each market"
    )
    options = parser.parse_args()
    ways: dict[str, Way] = {"ours": price_ours, "plain LightGBM": price_plain}
    if not options.without_catboost:
        ways["CatBoost"] = partial(price_peer, "catboost", {})
    if options.autogluon:
        ways[f"AutoGluon, {options.autogluon:g} min"] = partial(
            price_peer, "autogluon", {"minutes": options.autogluon}
        )
    lines = []
    for market, split in load_splits(options):
        lines += [*measure_market(market, split, ways), ""]
    minutes = f" --autogluon {options.autogluon:g}" if options.autogluon else ""
    command = f"PYTHONPATH=src .venv/bin/python benchmarks/accuracy.py{minutes} --write"
    print_section("Accuracy", command, lines, options.write)


def measure_market(market: Market, split: Split, ways: dict[str, Way]) -> list[str]:
    """One market's table: mean and median error on the test part, beside ours, seconds to learn."""
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
    return price_frame(split.test, learn(split, market))["predicted"].to_numpy()


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


def price_peer(name: str, task: dict[str, float], split: Split, market: Market) -> np.ndarray:
    """A peer with its own treatment of categories; CatBoost is stopped early on a tenth of the training part."""
    python = ensure_peer(name)
    with tempfile.TemporaryDirectory() as folder:
        is_held = fold_of(split.training) == 0
        parts = {"fit": split.training.filter(~is_held), "calibration": split.training.filter(is_held)}
        names = [*(feature.name for feature in market.features), "price"]
        for part_name, part in {**parts, "training": split.training, "test": split.test}.items():
            part.select(names).write_csv(Path(folder) / f"{part_name}.csv")
        categories = [feature.name for feature in market.features if feature.is_category]
        program = Path(__file__).with_name(f"{name}_peer.py")
        argv = [python, program, json.dumps({"folder": folder, "categories": categories, **task})]
        done = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True, cwd=folder)
        return np.array(json.loads(done.stdout.splitlines()[-1]))


def ensure_peer(name: str) -> Path:
    """Make a peer's environment where it is not there yet."""
    folder = ROOT / "var" / "bench" / name
    stamp = folder / "complete"
    if not stamp.exists():
        venv.create(folder, clear=True, with_pip=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", PEERS[name]], check=True)
        stamp.touch()
    return folder / "bin" / "python"


if __name__ == "__main__":
    main()
