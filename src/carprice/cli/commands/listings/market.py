"""carprice market: check, init, figures."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from carprice.cli.console import PROGRESS_ROWS, count_rows, print_json, say
from carprice.cli.options import (
    force_option,
    json_option,
    listings_argument,
    market_option,
    output_option,
    pass_settings,
)
from carprice.drafting.draft import Answers, Draft, PriceScaleError, draft_market
from carprice.listings.cleaning import check_listings, load_listings
from carprice.listings.listings_files import ListingsFiles
from carprice.market.market_file import DISTANCE_UNITS, load_market
from carprice.settings import Settings
from carprice.simulation.statistics import measure_figures, write_figures
from carprice.system.files import open_output
from carprice.system.terminal import strip_controls

ASKED = {
    "currency": "The currency of the prices",
    "distance": "The unit of distances",
    "price_scale": "What each price is multiplied by",
}


@click.group()
def market() -> None:
    """Check listings against a market, or draft a market file."""


@market.command()
@listings_argument
@market_option
@json_option("the report")
@pass_settings
def check(settings: Settings, listings: ListingsFiles, market_name: str, as_json: bool) -> None:
    """Report what cleaning does to LISTINGS: rows read, kept, dropped and why, values fixed."""
    found = load_market(market_name, settings.markets_dir)
    report = check_listings(listings, found, count_rows(listings.find_share_read, PROGRESS_ROWS))
    if as_json:
        print_json("cleaning", report.as_dict())
    else:
        click.echo(strip_controls(report.as_table()))


@market.command()
@listings_argument
@click.option("--price", default="", metavar="COLUMN", help="The price column, if it is not found.")
@click.option("--currency", default="", metavar="CODE", help="What prices are in, by ISO 4217, such as EUR.")
@click.option("--distance", type=click.Choice(DISTANCE_UNITS), help="What distances are in.")
@click.option("--price-scale", type=float, default=0.0, help="What each price is multiplied by, such as 100000.")
@click.option("--ask", is_flag=True, help="Ask what the file leaves open.")
@output_option
@force_option
def init(
    listings: ListingsFiles,
    price: str,
    currency: str,
    distance: str | None,
    price_scale: float,
    ask: bool,
    output: Path | None,
    force: bool,
) -> None:
    """Draft a market file for LISTINGS that trains as it stands.

    Each guess has its reason as a comment, and what the file leaves open is said at the end.
    """
    name = output.name.split(".")[0] if output else ""
    answers = Answers(name, price, currency.upper(), distance or "", price_scale)
    draft = ask_questions(listings, answers) if ask else draft_market(listings, answers)
    with open_output(output, force) as stream:
        stream.write(draft.text.encode())
    for question in () if ask else draft.questions.values():
        say(f"Not sure: {question}")
    if output:
        say(f"Wrote {output}\nLook it through, then: ./carprice market check {listings} --market {output}")


def ask_questions(listings: ListingsFiles, answers: Answers) -> Draft:
    """The draft by the answers that a person gives to each question that the file leaves open."""
    try:
        draft = draft_market(listings, answers)
    except PriceScaleError as error:
        scale = click.prompt(f"{error.what}\nWhat is each multiplied by?", type=float, default=1.0, err=True)
        draft = draft_market(listings, replace(answers, price_scale=scale))
        answers = replace(answers, price_scale=scale)
    found: dict[str, Any] = {}
    for name, question in draft.questions.items():
        if name not in ASKED or getattr(answers, name):
            say(f"Not sure: {question}")
            continue
        guess = {"currency": draft.market.currency, "distance": draft.market.distance_unit}.get(
            name, draft.market.price.scale
        )
        found[name] = click.prompt(f"{ASKED[name]} ({question})", default=guess, type=type(guess), err=True)
    return draft_market(listings, replace(answers, **found)) if found else draft


@market.command()
@listings_argument
@market_option
@output_option
@force_option
@pass_settings
def figures(
    settings: Settings, listings: ListingsFiles, market_name: str, output: Path | None, force: bool
) -> None:
    """Measure the figures that simulated listings are drawn from."""
    source = load_market(market_name, settings.markets_dir)
    cars = load_listings(listings, source, count_rows(listings.find_share_read, PROGRESS_ROWS)).frame
    with open_output(output, force) as stream:
        stream.write(write_figures(measure_figures(cars, source), cars, source).encode())
