"""carprice train."""

from typing import TYPE_CHECKING

import click

from carprice.cli.console import choose_engine, find_room, print_json, say
from carprice.cli.options import (
    data_option,
    engine_options,
    gang_option,
    json_option,
    market_option,
    pass_settings,
)
from carprice.evaluation.text import format_head
from carprice.listings.cap import MIN_CAP
from carprice.market.market_file import load_market
from carprice.model.bundle.manifest import champion_version
from carprice.settings import Settings
from carprice.simulation.demo_model import train_demo
from carprice.tracking.promotion import record_training
from carprice.training.train import DEMO_MARKET, SEED, train_file

if TYPE_CHECKING:
    from carprice.listings.listings_files import ListingsFiles


@click.command()
@market_option
@data_option(
    "The listings: a file, a pattern, a folder or - for stdin; again for more files of the same columns. "
    "The demo market draws its own where there are none.",
    "PATH",
)
@click.option("--seed", default=SEED, show_default=True, help="Same data, seed and lock give the same trees.")
@click.option(
    "--no-comparables",
    is_flag=True,
    help="Keep no listings in the model, so that none can be shown beside a price.",
)
@click.option(
    "--cap",
    type=click.IntRange(min=MIN_CAP),
    metavar="N",
    help="Learn from at most N listings of each make and model, chosen by a hash of the car; memory is for those "
    f"alone, however long the files are. At least {MIN_CAP}.",
)
@engine_options
@gang_option
@json_option("the manifest")
@pass_settings
def train(
    settings: Settings,
    market_name: str,
    source: "ListingsFiles | None",
    seed: int,
    no_comparables: bool,
    cap: int | None,
    address: str | None,
    workers: int | None,
    gang: int,
    as_json: bool,
) -> None:
    """Learn from listings and write a model.

    With --engine or --workers, boosters are grown by processes of this machine or by a Dask cluster. Then, and of
    a million listings or more, what is done is kept beside the models until there is one: after a kill, the same
    command goes on.
    """
    market = load_market(market_name, settings.markets_dir)
    if source is None and market.name != DEMO_MARKET:
        raise click.UsageError(f"--data is missing: market {market.name!r} has no listings of its own.")
    choice = choose_engine(address, workers, gang, source)
    if source is not None:
        training = train_file(source, market, settings, seed, say, not no_comparables, cap, choice)
    else:
        training = train_demo(settings, seed, say, keep_comparables=not no_comparables, choice=choice)
    record_training(training, settings, say)
    say(format_head(training.manifest["report"], find_room(2)))
    say(f"All of it: ./carprice report {training.version}")
    if champion_version(settings.artifacts_dir) != training.version:
        say(f"Next: ./carprice compare {training.version}, then ./carprice promote {training.version}")
    if as_json:
        print_json("training", training.manifest)
    else:
        click.echo(training.version)
