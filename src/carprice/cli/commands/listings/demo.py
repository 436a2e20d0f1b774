"""carprice demo."""

from pathlib import Path

import click

from carprice.cli.console import say
from carprice.cli.options import force_option, pass_settings
from carprice.names import STATISTICS_FILE
from carprice.settings import Settings
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
@force_option
@pass_settings
def demo(settings: Settings, rows: int, seed: int, output: Path | None, force: bool) -> None:
    """Draw simulated listings of the demo market."""
    figures = settings.markets_dir / STATISTICS_FILE
    with open_output(output, force) as stream:
        write_listings(stream, rows, seed, figures)
    if output:
        say(f"Wrote {rows:,} simulated listings to {output}")
