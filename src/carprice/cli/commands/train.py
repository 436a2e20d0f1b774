"""carprice train."""

from pathlib import Path

import click

from carprice.cli.console import print_json, say
from carprice.cli.options import json_option, market_option, pass_settings, read_heads, reading_options
from carprice.evaluation.text import format_head
from carprice.market.market_file import load_market
from carprice.settings import Settings
from carprice.simulation.demo_model import train_demo
from carprice.tracking.promotion import record_training
from carprice.training.train import DEMO_MARKET, SEED, train_file


@click.command()
@market_option
@click.option(
    "--data",
    "named",
    type=click.Path(path_type=Path),
    multiple=True,
    help="The listings: a file, a pattern, a folder or - for stdin; again for more files of the same columns. "
    "The demo market draws its own where there are none.",
)
@reading_options
@click.option("--seed", default=SEED, show_default=True, help="Same data, seed and lock give the same trees.")
@click.option(
    "--no-comparables",
    is_flag=True,
    help="Keep no listings in the model, so that none can be shown beside a price.",
)
@json_option("the manifest")
@pass_settings
def train(
    settings: Settings,
    market_name: str,
    named: tuple[Path, ...],
    encoding: str,
    strict: bool,
    seed: int,
    no_comparables: bool,
    as_json: bool,
) -> None:
    """Learn from listings and write a model."""
    market = load_market(market_name, settings.markets_dir)
    if named:
        training = train_file(read_heads(named, encoding, strict), market, settings, seed, say, not no_comparables)
    elif market.name == DEMO_MARKET:
        training = train_demo(settings, seed, say, keep_comparables=not no_comparables)
    else:
        raise click.UsageError(f"--data is missing: market {market.name!r} has no listings of its own.")
    record_training(training, settings, say)
    say(format_head(training.manifest["report"]))
    say(f"All of it: ./carprice report {training.version}")
    if as_json:
        print_json("training", training.manifest)
    else:
        click.echo(training.version)
