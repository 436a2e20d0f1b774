"""carprice price."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import click
from msgspec import to_builtins

from carprice.cli.console import print_json
from carprice.cli.options import json_option, model_option, pass_settings
from carprice.errors import ListingsError
from carprice.market.kinds import KINDS
from carprice.market.market_file import Feature
from carprice.model.listing import parse_fields
from carprice.model.manifest import find_bundle
from carprice.model.pricer import Pricer, load_pricer
from carprice.model.valuation import Breakdown, Valuation
from carprice.settings import Settings

NOT_GIVEN = "not given"
TITLE = ("make", "model", "year")


@dataclass(frozen=True)
class Quote:
    """One priced car: its fields as the API takes them, and what the model says."""

    pricer: Pricer
    listing: Mapping[str, Any]
    valuation: Valuation
    breakdown: Breakdown


@click.command()
@click.argument("fields", nargs=-1, metavar="FIELD=VALUE...")
@model_option
@click.option("--explain", is_flag=True, help="Show what each field adds to the price.")
@json_option("the valuation")
@pass_settings
def price(settings: Settings, fields: tuple[str, ...], version: str | None, explain: bool, as_json: bool) -> None:
    """Price one car: ./carprice price make=Ford model=Fiesta year=2017 mileage=15944 ...

    No server is needed. A model's name with a space needs quotes: "model=3 Series".
    """
    quote = price_car(fields, replace(settings, model_version=version or settings.model_version))
    if as_json:
        print_json("valuation", describe_quote(quote, explain))
    else:
        click.echo(format_quote(quote, explain))


def price_car(fields: Sequence[str], settings: Settings) -> Quote:
    """Price a car given as `field=value` texts. Raises ListingsError naming every wrong field, and BundleError."""
    pairs = split_fields(fields)
    pricer = load_pricer(find_bundle(settings.artifacts_dir, settings.model_version))
    listing = parse_fields(pricer.market, pairs)
    return Quote(pricer, listing, pricer.price(listing), pricer.explain(listing))


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
        "coverage": pricer.coverage,
        "model_version": pricer.version,
        "warnings": [
            {
                "field": warning.field,
                "code": warning.code,
                "detail": warning.detail,
                "suggestions": warning.suggestions,
            }
            for warning in valuation.warnings
        ],
    }
    if explain:
        data["breakdown"] = to_builtins(quote.breakdown)
    return data


def format_quote(quote: Quote, explain: bool) -> str:
    """The quote as lines for a person."""
    valuation, pricer = quote.valuation, quote.pricer
    currency, coverage = pricer.market.currency, f"{pricer.coverage:.0%}"
    named = [pricer.market.feature(name) for name in TITLE if name in quote.listing]
    lines = [
        *([" ".join(_write_value(feature, quote.listing) for feature in named)] if named else []),
        f"Price  {valuation.price:,} {currency}",
        f"Range  {valuation.low:,} to {valuation.high:,} {currency} (holds {coverage} of asking prices)",
        f"Model  {pricer.version}, {pricer.market.title}",
    ]
    if pricer.manifest.get("demo"):
        lines.append("Note: this model learnt from simulated listings. Train one on yours: ./carprice train")
    lines += [f"Note: {warning.field} {warning.detail}" for warning in valuation.warnings]
    return "\n".join([*lines, *(["", *_format_breakdown(quote)] if explain else [])])


def _format_breakdown(quote: Quote) -> list[str]:
    """The typical car's price, what each field adds to it, the largest first, and their sum."""
    market = quote.pricer.market
    rows = [("Typical car", "", f"{quote.breakdown.base:,}")]
    for part in sorted(quote.breakdown.parts, key=lambda part: -abs(part.amount)):
        feature = market.feature(part.feature)
        label = feature.label if feature else part.feature
        rows.append((label, _write_value(feature, quote.listing), f"{part.amount:+,}"))
    rows.append(("Price", "", f"{quote.valuation.price:,}"))
    first, second, third = (max(map(len, column)) for column in zip(*rows, strict=True))
    lines = [f"{label:<{first}}  {value:<{second}}  {amount:>{third}}" for label, value, amount in rows]
    return [*lines[:-1], "-" * len(lines[0]), f"{lines[-1]} {market.currency}"]


def _write_value(feature: Feature | None, listing: Mapping[str, Any]) -> str:
    value = listing.get(feature.name) if feature else None
    if feature is None or value is None:
        return NOT_GIVEN
    return f"{KINDS[feature.kind].show(value)} {feature.unit}".rstrip()
