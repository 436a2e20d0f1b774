"""carprice market: check, init, figures."""

from collections.abc import Callable
from pathlib import Path

import click

from carprice.cli.console import print_json, say
from carprice.cli.options import (
    force_option,
    json_option,
    listings_argument,
    market_option,
    output_option,
    pass_settings,
)
from carprice.drafting.draft import draft_market
from carprice.listings.cleaning import check_listings, load_listings
from carprice.market.market_file import load_market
from carprice.settings import Settings
from carprice.simulation.statistics import measure_figures, write_figures
from carprice.system.files import open_output
from carprice.system.terminal import strip_controls

PROGRESS_ROWS = 1_000_000


@click.group()
def market() -> None:
    """Check listings against a market, or draft a market file."""


@market.command()
@listings_argument
@market_option
@json_option("the report")
@pass_settings
def check(settings: Settings, listings: Path, market_name: str, as_json: bool) -> None:
    """Report what cleaning does to LISTINGS: rows read, kept, dropped and why, values fixed."""
    report = check_listings(listings, load_market(market_name, settings.markets_dir), _make_progress())
    if as_json:
        print_json("cleaning", report.as_dict())
    else:
        click.echo(strip_controls(report.as_table()))


@market.command()
@listings_argument
@click.option(
    "--price", "price_column", default="", metavar="COLUMN", help="The price column, if it is not found."
)
@output_option
@force_option
def init(listings: Path, price_column: str, output: Path | None, force: bool) -> None:
    """Draft a market file for LISTINGS that trains as it stands."""
    text = draft_market(listings, price_column)
    with open_output(output, force) as stream:
        stream.write(text.encode())
    if output:
        say(f"Wrote {output}\nLook it through, then: ./carprice market check {listings} --market {output}")


@market.command()
@listings_argument
@market_option
@output_option
@force_option
@pass_settings
def figures(settings: Settings, listings: Path, market_name: str, output: Path | None, force: bool) -> None:
    """Measure the figures that simulated listings are drawn from."""
    source = load_market(market_name, settings.markets_dir)
    cars = load_listings(listings, source, _make_progress()).frame
    with open_output(output, force) as stream:
        stream.write(write_figures(measure_figures(cars, source), cars, source).encode())


def _make_progress() -> Callable[[int], None]:
    """Says how far it is, once per million rows."""
    said = 0

    def say_progress(rows: int) -> None:
        nonlocal said
        if rows - said >= PROGRESS_ROWS:
            said = rows
            say(f"Read {rows:,} rows ...")

    return say_progress
