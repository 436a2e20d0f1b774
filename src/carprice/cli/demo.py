"""carprice demo."""

import os
from pathlib import Path

import click

from carprice.cli.console import say
from carprice.names import STATISTICS_FILE
from carprice.settings import load_settings
from carprice.simulation.sampling import write_listings
from carprice.system.files import open_output

ROWS = 40_000
SEED = 7


@click.command()
@click.option("--rows", default=ROWS, show_default=True, type=click.IntRange(min=1), help="How many listings.")
@click.option(
    "--seed", default=SEED, show_default=True, type=click.IntRange(min=0), help="Same seed, same listings."
)
@click.option("--output", type=click.Path(path_type=Path), help="The CSV file to write, instead of stdout.")
@click.option("--force", is_flag=True, help="Overwrite the output file.")
def demo(rows: int, seed: int, output: Path | None, force: bool) -> None:
    """Draw simulated listings of the demo market."""
    figures = load_settings(os.environ).markets_dir / STATISTICS_FILE
    with open_output(output, force) as stream:
        write_listings(stream, rows, seed, figures)
    if output:
        say(f"Wrote {rows:,} simulated listings to {output}")
