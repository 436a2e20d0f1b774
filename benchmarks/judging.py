"""What the benchmarks of prices share: the markets there are, the split, and what is learnt from one part."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

from carprice.frames.encoding import unify_spellings
from carprice.listings.cleaning import load_listings
from carprice.market.market_file import Market, load_market
from carprice.model.pricer import Pricer
from carprice.settings import ROOT
from carprice.training.fit import fit_listings
from carprice.training.split import Split, split_listings
from carprice.training.train import SEED

MARKETS = {name: ROOT / "markets" / f"{name}.toml" for name in ("uk", "georgia")} | {
    name: Path(__file__).parent / "markets" / f"{name}.toml" for name in ("australia", "saudi", "auction")
}


def add_options(parser: ArgumentParser) -> None:
    """--listings, --market and --write."""
    parser.add_argument("--listings", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--market", choices=MARKETS, action="append")
    parser.add_argument("--write", action="store_true", help="keep the tables in docs/benchmarks.md")


def load_splits(options: Namespace) -> Iterator[tuple[Market, Split]]:
    """Each market that is asked for and has a file in the folder of listings, split as a training splits it."""
    for name in options.market or MARKETS:
        path = options.listings / f"{name}.csv.gz"
        if path.exists():
            market = load_market(str(MARKETS[name]), ROOT / "markets")
            yield market, split_listings(unify_spellings(load_listings(path, market).frame, market))


def learn(split: Split, market: Market) -> Pricer:
    """What `carprice train` judges: recipe, trees and range of the training part alone."""
    return fit_listings(split.training, market, SEED, lambda _: None).pricer("judged")
