"""carprice refresh."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from carprice.cli.console import print_json, say
from carprice.cli.options import (
    json_option,
    market_option,
    pass_settings,
    read_heads,
    reading_options,
    stack_options,
)
from carprice.settings import Settings

KEPT_CODE = 3


@click.command()
@click.argument("listings", nargs=-1, required=True, type=click.Path(path_type=Path))
@market_option
@reading_options
@stack_options
@click.option("--dry-run", is_flag=True, help="Check the listings alone, and change nothing.")
@json_option("the outcome")
@pass_settings
def refresh(
    settings: Settings,
    listings: tuple[Path, ...],
    market_name: str,
    encoding: str,
    strict: bool,
    forced: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Train on new LISTINGS, and serve the model if it is no worse than the champion.

    Checks that the file is like the last one, trains, compares, promotes and rolls out; the first step that says
    no leaves everything as it is. Exit code 0: live, or checked with --dry-run. 3: the champion stays, with the
    reason. 1: a step failed, and the champion stays.
    """
    from carprice.market.market_file import load_market
    from carprice.refresh.refresh import KEPT, Order, describe_refresh
    from carprice.refresh.refresh import refresh as run_refresh

    market = load_market(market_name, settings.markets_dir)
    source = read_heads(listings, encoding, strict)
    outcome = run_refresh(Order(source, market, forced, dry_run), settings, say)
    if as_json:
        print_json("refresh", asdict(outcome))
    else:
        click.echo(describe_refresh(outcome))
    if outcome.result == KEPT:
        sys.exit(KEPT_CODE)
