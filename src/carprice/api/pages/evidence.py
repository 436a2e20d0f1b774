"""Why a price is what it is: its parts as bars, and similar cars as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from msgspec import UNSET

from carprice.api.pages.charts import draw_bar
from carprice.api.pages.wording import show_value, write_money
from carprice.api.state import LoadedModel
from carprice.model.evidence.comparables import Comparable, Comparables
from carprice.model.valuation import Breakdown, BreakdownPart

WEB = ("https://", "http://")


@dataclass(frozen=True)
class Bar:
    """One line of the breakdown. value: of the car, empty where it has none. kind: base, part or price."""

    label: str
    value: str
    amount: str
    bar: Markup
    kind: str


@dataclass(frozen=True)
class Row:
    """A similar car. cells: its values where they differ from the car's. link: empty where there is none."""

    cells: Sequence[str]
    price: str
    adjusted: str
    link: str
    day: str


@dataclass(frozen=True)
class Table:
    """Similar cars. columns: of the cells. asked: what the prices are called."""

    caption: str
    columns: Sequence[str]
    asked: str
    rows: Sequence[Row]
    median: str


def build_bars(breakdown: Breakdown, currency: str, values: Mapping[str, str]) -> list[Bar]:
    """The base, what each field adds, the largest first, and the price. values: of the car, by field."""
    parts = sorted(breakdown.parts, key=lambda part: -abs(part.amount))
    amounts = [0, *(part.amount for part in parts)]
    price = breakdown.base + sum(part.amount for part in parts)
    against = breakdown.against[:1].upper() + breakdown.against[1:]
    shown = [
        Bar(
            _label_part(part, currency),
            values.get(part.feature, "") if part.words is UNSET else "",
            write_money(part.amount, currency, sign=True),
            draw_bar(part.amount, min(amounts), max(amounts)),
            "part",
        )
        for part in parts
        if part.amount
    ]
    first = Bar(against, "", write_money(breakdown.base, currency), Markup(""), "base")
    return [first, *shown, Bar("This car", "", write_money(price, currency), Markup(""), "price")]


def _label_part(part: BreakdownPart, currency: str) -> str:
    if part.words is UNSET or not part.words:
        return part.label
    words = [
        f"\N{LEFT DOUBLE QUOTATION MARK}{each.word}\N{RIGHT DOUBLE QUOTATION MARK} "
        f"{write_money(each.amount, currency, sign=True)}"
        for each in part.words
    ]
    return f"{part.label} ({', '.join(words)})"


def build_table(model: LoadedModel, found: Comparables, asked: Mapping[str, Any]) -> Table:
    """The similar cars, with those of their fields that were given and differ."""
    market, currency = model.pricer.market, model.currency
    differing = [
        feature
        for feature in market.features
        if feature.name in asked
        and any(each.listing.get(feature.name) != asked[feature.name] for each in found.listings)
        and not feature.has_words
        and feature.name not in found.same
    ]

    def show(each: Comparable) -> Row:
        cells = [
            show_value(feature, each.listing[feature.name]) if each.listing.get(feature.name) is not None else ""
            for feature in differing
        ]
        link = each.link if each.link and each.link.startswith(WEB) else ""
        return Row(
            cells, write_money(each.price, currency), write_money(each.adjusted, currency), link, each.day or ""
        )

    return Table(
        f"Similar cars: {found.search}",
        [feature.label for feature in differing],
        "Sold for" if market.listing.price_type == "paid" else "Asked",
        [show(each) for each in found.listings],
        write_money(found.median, currency) if found.median is not None and len(found.listings) > 1 else "",
    )
