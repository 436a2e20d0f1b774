"""carprice refresh."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from carprice.cli.console import choose_engine, print_json, print_text, say
from carprice.cli.options import (
    engine_options,
    gang_option,
    json_option,
    listings_argument,
    market_option,
    pass_settings,
    stack_options,
)
from carprice.settings import Settings

if TYPE_CHECKING:
    from carprice.listings.listings_files import ListingsFiles

KEPT_CODE = 3


@click.command()
@listings_argument
@market_option
@stack_options
@click.option("--dry-run", is_flag=True, help="Check the listings alone, and change nothing.")
@engine_options
@gang_option
@json_option("the outcome")
@pass_settings
def refresh(
    settings: Settings,
    listings: "ListingsFiles",
    market_name: str,
    forced: str,
    dry_run: bool,
    address: str | None,
    workers: int | None,
    gang: int,
    as_json: bool,
) -> None:
    """Train on new LISTINGS, and serve the model if it is no worse than the champion.

    Checks that the file is like the last one, trains, compares, promotes and rolls out; the first step that says
    no leaves everything as it is. Exit code 0: live, or checked with --dry-run. 3: the champion stays, with the
    reason. 1: a step failed, and the champion stays. --engine and --workers train as those of train do.
    """
    from carprice.market.market_file import load_market
    from carprice.refresh.refresh import KEPT, Order, describe_refresh
    from carprice.refresh.refresh import refresh as run_refresh

    market = load_market(market_name, settings.markets_dir)
    engine = choose_engine(address, workers, gang, listings)
    outcome = run_refresh(Order(listings, market, forced, dry_run, engine), settings, say)
    if as_json:
        print_json("refresh", asdict(outcome))
    else:
        print_text(describe_refresh(outcome))
    if outcome.result == KEPT:
        sys.exit(KEPT_CODE)
