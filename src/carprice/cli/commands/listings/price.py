"""carprice price."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import click
from msgspec import UNSET, to_builtins

from carprice.cli.comparables_text import format_comparables
from carprice.cli.console import print_json, print_text
from carprice.cli.curve_text import draw_typed_curve, format_curve
from carprice.cli.options import json_option, model_option, pass_settings
from carprice.errors import ListingsError
from carprice.market.kinds import KINDS, Value
from carprice.market.market_file import ASKING, Feature
from carprice.model.bundle.manifest import find_bundle
from carprice.model.evidence.breakdown import AVERAGE, NOT_GIVEN
from carprice.model.evidence.comparables import MAX_COMPARABLES, Comparables, find_none, load_finder
from carprice.model.evidence.curve import Curve
from carprice.model.evidence.curve_plan import MAX_POINTS, MAX_YEARS, MIN_POINTS, CurveOrder
from carprice.model.input_warnings import InputWarning
from carprice.model.listing import parse_fields, read_asking
from carprice.model.price_range import COVERAGE, MAX_COVERAGE, MIN_COVERAGE
from carprice.model.pricer import Pricer, load_pricer
from carprice.model.refusal import find_refusal
from carprice.model.valuation import Breakdown, NotGiven, Valuation
from carprice.settings import Settings
from carprice.system.text import escape_text

TITLE = ("make", "model", "year")
NOUNS = {"asking": "asking prices", "paid": "prices paid"}
LEAST_COST = 0.0005
"""Added to the usual error; less reads as 0.0%."""
MAX_CHEAP = 3
"""Fields that were left out and cost less than that, which are named."""


SURENESS = {
    "high": "high: 3 in 4 such prices or more are within 10 %",
    "medium": "medium: half of such prices or more are within 10 %",
    "low": "low: fewer than half of such prices are within 10 %",
}


@dataclass(frozen=True)
class Quote:
    """One priced car: its fields as the API takes them, and what the model says. notes: on the model's age."""

    folder: Path
    pricer: Pricer
    listing: Mapping[str, Any]
    values: Sequence[Value]
    valuation: Valuation
    breakdown: Breakdown
    notes: tuple[InputWarning, ...] = ()
    curve: Curve | None = None
    comparables: Comparables | None = None


@click.command()
@click.argument("fields", nargs=-1, metavar="FIELD=VALUE...")
@model_option
@click.option("--explain", is_flag=True, help="Show what each field adds to the price of the average car.")
@click.option("--explain-model", is_flag=True, help="The same from the usual car of its make and model on.")
@click.option("--group", is_flag=True, help="Year and mileage together in it.")
@click.option(
    "--comparables",
    type=click.IntRange(1, MAX_COMPARABLES),
    help="Show so many listings most like it, each with its price adjusted to this car.",
)
@click.option(
    "--id", "car", metavar="TEXT", help="Of the car, as the listings have it: it is no comparable of its own."
)
@click.option(
    "--coverage",
    type=click.FloatRange(MIN_COVERAGE, MAX_COVERAGE),
    default=COVERAGE,
    show_default=True,
    help="The share of prices that the range should hold.",
)
@click.option("--curve", "along", metavar="FIELD", help="Show the price along a number, such as mileage.")
@click.option("--from", "start", metavar="VALUE", help="Where the curve starts; else where the listings do.")
@click.option("--to", "end", metavar="VALUE", help="Where it ends.")
@click.option("--points", type=click.IntRange(MIN_POINTS, MAX_POINTS), help="How many points it has.")
@click.option("--years", type=click.IntRange(1, MAX_YEARS), help="Show the price in the years to come.")
@click.option("--distance-per-year", metavar="NUMBER", help="With --years: else what cars usually go.")
@json_option("the valuation")
@pass_settings
def price(
    settings: Settings,
    fields: tuple[str, ...],
    version: str | None,
    explain: bool,
    explain_model: bool,
    group: bool,
    comparables: int | None,
    car: str | None,
    coverage: float,
    as_json: bool,
    **order: Any,
) -> None:
    """Price one car: ./carprice price make=Ford model=Fiesta year=2017 mileage=15944 ...

    No server is needed. A model's name with a space needs quotes: "model=3 Series".
    With asking_price=9995 the answer says where that lies among the prices of such cars.
    """
    settings = replace(settings, model_version=version or settings.model_version)
    quote = price_car(fields, settings, coverage)
    if any(value is not None for value in order.values()):
        quote = replace(quote, curve=draw_typed_curve(quote.pricer, quote.values, CurveOrder(**order)))
    if explain_model or group:
        quote = replace(quote, breakdown=quote.pricer.explain_values(quote.values, explain_model, group))
    explain = explain or explain_model or group
    if comparables:
        quote = replace(quote, comparables=_find_comparables(quote, comparables, car))
    if as_json:
        print_json("valuation", describe_quote(quote, explain))
    else:
        print_text(format_quote(quote, explain))


def price_car(fields: Sequence[str], settings: Settings, coverage: float = COVERAGE) -> Quote:
    """Price a car given as `field=value` texts.

    Raises ListingsError naming every wrong field, or why the car is not valued, and BundleError.
    """
    pairs = split_fields(fields)
    folder = find_bundle(settings.artifacts_dir, settings.model_version)
    pricer = load_pricer(folder, settings.trusted_keys)
    listing = parse_fields(pricer.market, pairs)
    values, valuation = pricer.price_listing(listing, pricer.range.limits(coverage))
    if reason := find_refusal(pricer, values, valuation):
        guess = f"{valuation.low:,} to {valuation.high:,} {pricer.market.currency}"
        raise ListingsError(f"Not valued: {reason}", f"By all else, a guess: {guess}")
    notes = pricer.warn_of_age(date.today(), settings.max_model_days)
    return Quote(folder, pricer, listing, values, valuation, pricer.explain(listing), notes)


def _find_comparables(quote: Quote, count: int, car: str | None) -> Comparables:
    """Raises BundleError where the model's listings are damaged."""
    finder = load_finder(quote.folder, quote.pricer)
    return finder.find(quote.values, count, car, read_asking(quote.listing)) if finder else find_none()


def split_fields(fields: Sequence[str]) -> dict[str, str]:
    """The texts `field=value` as a dict. Raises ListingsError for one without `=`, and for a field given twice."""
    pairs: dict[str, str] = {}
    for field in fields:
        name, equals, value = field.partition("=")
        if not equals or not name:
            raise ListingsError(
                f"{field!r} is not FIELD=VALUE", "Such as: ./carprice price make=BMW 'model=3 Series' year=2017"
            )
        if name in pairs:
            raise ListingsError(f"{name}: is given twice ({pairs[name]!r} and {value!r})")
        pairs[name] = value
    return pairs


def describe_quote(quote: Quote, explain: bool) -> dict[str, Any]:
    """The quote as plain data, in the words of the HTTP API."""
    valuation, pricer = quote.valuation, quote.pricer
    data: dict[str, Any] = {
        **{key: getattr(valuation, key) for key in ("price", "low", "high")},
        "currency": pricer.market.currency,
        "confidence": valuation.confidence,
        "coverage": valuation.coverage,
        "model_version": pricer.version,
        "as_of": pricer.as_of,
        "not_given": to_builtins(valuation.not_given),
        "warnings": [
            {
                "field": warning.field,
                "code": warning.code,
                "detail": warning.detail,
                "suggestions": warning.suggestions,
            }
            for warning in (*valuation.warnings, *quote.notes)
        ],
    }
    if valuation.position is not UNSET:
        data["position"] = to_builtins(valuation.position)
    if quote.comparables:
        data["comparables"] = to_builtins(quote.comparables)
    if quote.curve:
        data["curve"] = to_builtins(quote.curve)
    if explain:
        data["breakdown"] = to_builtins(quote.breakdown)
    return data


def format_quote(quote: Quote, explain: bool) -> str:
    """The quote as lines for a person."""
    valuation, pricer = quote.valuation, quote.pricer
    currency, as_of = pricer.market.currency, f", as of {pricer.as_of}" if pricer.as_of else ""
    named = [pricer.market.feature(name) for name in TITLE if name in quote.listing]
    lines = [
        *([" ".join(_write_value(feature, quote.listing) for feature in named)] if named else []),
        f"Price       {valuation.price:,} {currency}",
        f"Range       {valuation.low:,} to {valuation.high:,} {currency} ({_promise(quote)})",
        *_format_position(quote),
        f"Confidence  {SURENESS[valuation.confidence]}",
        f"Model       {pricer.version}, {pricer.market.title}{as_of}",
    ]
    if pricer.manifest.get("demo"):
        lines.append("Note: this model learnt from simulated listings. Train one on yours: ./carprice train")
    notes = (*valuation.warnings, *quote.notes)
    lines += [f"Note: {f'{note.field} {note.detail}'.strip()}" for note in notes]
    if valuation.not_given:
        lines.append(f"Note: not given: {_name_missing(valuation.not_given)}")
    if quote.comparables:
        lines += ["", format_comparables(quote.comparables, quote.listing, pricer.market)]
    if quote.curve:
        lines += ["", format_curve(quote.curve, pricer.market)]
    text = "\n".join([*lines, *(["", *_format_breakdown(quote)] if explain else [])])
    return "\n".join(map(escape_text, text.split("\n")))


def _format_position(quote: Quote) -> list[str]:
    position = quote.valuation.position
    if position is UNSET:
        return []
    asking = f"Asking      {quote.listing[ASKING]:,.12g} {quote.pricer.market.currency}"
    if position is None:
        return [f"{asking}: not placed, the model never saw such a car"]
    if position.is_doubtful:
        return [f"{asking}: {position.percent_to_market:g} % of the price cannot be meant"]
    place = f"{position.percent_to_market:g} % of the price, above {position.percentile:g} % of such prices"
    return [f"{asking}: {position.word} ({place})"]


def _promise(quote: Quote) -> str:
    coverage = quote.valuation.coverage
    if coverage is None:
        return "a guess: the model never saw such a car"
    return f"holds {coverage:.0%} of {NOUNS[quote.pricer.market.listing.price_type]}"


def _name_missing(not_given: Sequence[NotGiven]) -> str:
    """What costs most first; of many that cost little the number alone."""
    dear = sorted(
        (item for item in not_given if (item.adds or 0) >= LEAST_COST), key=lambda item: -(item.adds or 0)
    )
    others = [item.field for item in not_given if item not in dear]
    if dear and len(others) > MAX_CHEAP:
        others = [f"{len(others)} others that hardly matter"]
    return ", ".join([*(f"{item.field} (adds {item.adds:.1%} to the usual error)" for item in dear), *others])


def _format_breakdown(quote: Quote) -> list[str]:
    """The other car's price, what each field adds to it, the largest first, and their sum."""
    market, against = quote.pricer.market, quote.breakdown.against
    name = "Typical car" if against == AVERAGE else f"U{against.removeprefix('the u')}"
    rows = [(name, "", f"{quote.breakdown.base:,}")]
    for part in sorted(quote.breakdown.parts, key=lambda part: -abs(part.amount)):
        features = [market.feature(each) for each in part.feature.split("+")]
        label = part.label.replace(f" {NOT_GIVEN}", "")
        rows.append(
            (label, ", ".join(_write_value(each, quote.listing) for each in features), f"{part.amount:+,}")
        )
        words = part.words or ()
        rows += [("", f'"{each.word}"', f"{each.amount:+,}") for each in words]
    rows.append(("Price", "", f"{quote.valuation.price:,}"))
    first, second, third = (max(map(len, column)) for column in zip(*rows, strict=True))
    lines = [f"{label:<{first}}  {value:<{second}}  {amount:>{third}}" for label, value, amount in rows]
    return [*lines[:-1], "-" * len(lines[0]), f"{lines[-1]} {market.currency}"]


def _write_value(feature: Feature | None, listing: Mapping[str, Any]) -> str:
    value = listing.get(feature.name) if feature else None
    if feature is None or value is None:
        return NOT_GIVEN
    return f"{KINDS[feature.kind].show(value)} {feature.unit}".rstrip()
