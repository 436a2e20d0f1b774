"""Amounts, values and sentences as the pages have them."""

from collections.abc import Sequence
from typing import Any

from carprice.market.kinds import KINDS
from carprice.market.market_file import Feature
from carprice.market.units import CURRENCIES
from carprice.model.position import Position
from carprice.model.valuation import Valuation

MINUS = "\N{MINUS SIGN}"
UNITS = {"l": "litres"}
"""As people read them, where the product's own spelling is easily misread."""

SURENESS = {
    "high": "Sure: at least three in four such prices are within 10 %.",
    "medium": "Fairly sure: at least half of such prices are within 10 %.",
    "low": "Unsure: fewer than half of such prices are within 10 %.",
}


def find_symbol(currency: str) -> str:
    """The sign that means a currency before all others; empty where it has none."""
    signs = [
        word for word, codes in CURRENCIES.items() if codes[0] == currency and not any(map(str.isalnum, word))
    ]
    return signs[0] if signs else ""


def write_money(amount: float, currency: str, sign: bool = False) -> str:
    """A whole amount such as £8,995, or 8,995 PLN; sign: of a change, with + or a minus before it."""
    symbol = find_symbol(currency)
    digits = f"{abs(round(amount)):,}"
    before = MINUS if round(amount) < 0 else "+" if sign and round(amount) > 0 else ""
    return f"{before}{symbol}{digits}" if symbol else f"{before}{digits} {currency}"


def write_band(name: str) -> str:
    """A range of large numbers, such as 9498-12480, as people read it; another name as it is."""
    low, _, high = name.partition("-")
    is_large = low.isdigit() and high.isdigit() and len(high) > 3
    return f"{int(low):,} to {int(high):,}" if is_large else name


def write_unit(unit: str) -> str:
    """A unit as people read it."""
    return UNITS.get(unit, unit)


def show_value(feature: Feature, value: Any, with_unit: bool = False) -> str:
    """A JSON value of a field as people read it."""
    shown = KINDS[feature.kind].show(value)
    return f"{shown} {write_unit(feature.unit)}" if with_unit and feature.unit else shown


def join_names(names: Sequence[str]) -> str:
    """One, two and three as `One, two and three`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def describe_range(valuation: Valuation, currency: str, is_paid: bool) -> str:
    """What the range says of such cars."""
    low, high = write_money(valuation.low, currency), write_money(valuation.high, currency)
    if valuation.coverage is None:
        return f"Perhaps {low} to {high}: the model never saw such a car, so nothing is promised."
    share, verb = f"{100 * valuation.coverage:.0f} %", "sold" if is_paid else "offered"
    return f"{share} of such cars are {verb} for {low} to {high}."


def describe_position(position: Position, asking: float, currency: str) -> str:
    """Where an asking price lies, with the word for it."""
    if position.is_doubtful:
        share = f"{position.percent_to_market:,.3g} % of the price"
        return f"{write_money(asking, currency)} is {share}: that cannot be meant."
    off = abs(position.percent_to_market - 100)
    side = "over" if position.percent_to_market > 100 else "under"
    place = "at the price" if round(off) == 0 else f"{off:.0f} % {side} the price"
    less = f"{position.percentile:.0f} in 100 such cars cost less."
    return f"{write_money(asking, currency)} is {place}: {position.word}. {less}"
