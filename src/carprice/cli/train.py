"""carprice train."""

import os
from pathlib import Path

import click

from carprice.cli.console import print_json, say
from carprice.market.market import load_market
from carprice.settings import load_settings
from carprice.training.registry import record_training
from carprice.training.train import SEED, train_file


@click.command()
@click.option(
    "--market", "market_name", required=True, metavar="NAME", help="A file in markets/, or a path to one."
)
@click.option(
    "--data", required=True, type=click.Path(path_type=Path), help="The listings: CSV, .csv.gz or .parquet."
)
@click.option("--seed", default=SEED, show_default=True, help="Same data, seed and lock give the same trees.")
@click.option("--json", "as_json", is_flag=True, help="Print the manifest as JSON.")
def train(market_name: str, data: Path, seed: int, as_json: bool) -> None:
    """Learn from listings and write a model."""
    settings = load_settings(os.environ)
    training = train_file(data, load_market(market_name, settings.markets_dir), settings, seed, say)
    record_training(training, settings, say)
    if as_json:
        print_json("training", training.manifest)
    else:
        click.echo(training.version)
