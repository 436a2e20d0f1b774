"""The text of a column to values: polars expressions, built from the market file."""

import re
from collections.abc import Callable

import polars as pl

from carprice.errors import MarketError
from carprice.market.kinds import KINDS
from carprice.market.market_file import Feature, Market, Price

MISSING_VALUE = "missing value"
OUTSIDE_LIMITS = "value outside limits"
PRICE_OUTSIDE = "price outside limits"
EXACT_DIGITS = 15
"""Significant digits of a number times its scale: 4.6 lakh are 460,000, not a billionth less."""

DAY_FIRST = r"^([0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4})(?:\s.*)?$"

# Thousands are set off by the other mark, a space or an apostrophe (typed, or U+2019).
_GROUPED = {
    ".": r"^[+-]?[0-9]{1,3}([,\s'\x{2019}][0-9]{3})+(\.[0-9]+)?$",
    ",": r"^[+-]?([0-9]{1,3}([.\s'\x{2019}][0-9]{3})+|[0-9]+)(,[0-9]+)?$",
}
_SEPARATORS = {".": r"[,\s'\x{2019}]", ",": r"[.\s'\x{2019}]"}


def price_feature(price: Price) -> Feature:
    """The price as a feature: a required number."""
    return Feature(
        name="price",
        column=price.column,
        kind="number",
        min=price.min,
        max=price.max,
        missing=price.missing,
        pattern=price.pattern,
        decimal=price.decimal,
        scale=price.scale,
    )


def trim_text(feature: Feature) -> pl.Expr:
    """The trimmed text of the feature's column; null where it is empty or one of `missing`."""
    trimmed = pl.col(feature.column).str.strip_chars()
    return pl.when(~trimmed.is_in(["", *feature.missing])).then(trimmed)


def replace_text(feature: Feature, text: pl.Expr) -> pl.Expr:
    """The text after the replacements of the market file."""
    return text.replace(dict(feature.replace)) if feature.replace else text


def parse_value(feature: Feature, text: pl.Expr) -> pl.Expr:
    """The value of a replaced text: String for a category, else Float64; null where it cannot be read.

    A flag is 1 or 0, a date the days since 1970-01-01.
    """
    if feature.takes_part:
        text = text.str.extract(feature.pattern, 1).str.strip_chars()
    return PARSERS[feature.kind](feature, text)


def parse_day(text: pl.Expr) -> pl.Expr:
    """Days since 1970-01-01 (Float64) of a date, with or without a time; null where it cannot be read.

    2020-12-31, 2020/12/31 and 31.12.2020 can be read. 01/02/2020 cannot: it is another day in another country.
    """
    head = text.str.slice(0, 10)
    german = text.str.extract(DAY_FIRST, 1).str.to_date("%d.%m.%Y", strict=False)
    date = pl.coalesce(
        head.str.to_date("%Y-%m-%d", strict=False), head.str.to_date("%Y/%m/%d", strict=False), german
    )
    return date.cast(pl.Int32).cast(pl.Float64)


def find_fault(feature: Feature, text: pl.Expr, value: pl.Expr) -> pl.Expr:
    """The reason why a value is not accepted, else null. text and value are expressions over the same rows."""
    missing = pl.lit(None, pl.String) if feature.optional else pl.lit(MISSING_VALUE)
    outside = pl.lit(PRICE_OUTSIDE if feature.name == "price" else OUTSIDE_LIMITS)
    size = value.str.len_chars() if feature.is_category else value
    beyond = pl.lit(False)
    if feature.min is not None:
        beyond = beyond | (size < feature.min)
    high = feature.max_length if feature.is_category else feature.max
    if high is not None:
        beyond = beyond | (size > high)
    return (
        pl.when(text.is_null())
        .then(missing)
        .when(value.is_null())
        .then(pl.lit(unreadable(feature)))
        .when(beyond)
        .then(outside)
    )


def unreadable(feature: Feature) -> str:
    """The reason of a text that is no value of the feature's kind."""
    return f"unreadable {KINDS[feature.kind].noun}"


def check_patterns(market: Market) -> None:
    """Raise MarketError for a pattern that polars cannot run, or that does not have its one group."""
    for feature in (price_feature(market.price), *market.features):
        where = (
            f"market {market.name}: {'price' if feature.name == 'price' else f'features.{feature.name}'}.pattern"
        )
        if not feature.pattern:
            continue
        if feature.takes_part and re.compile(feature.pattern).groups != 1:
            raise MarketError(f"{where}: should have one group in ( ) (got {feature.pattern!r})")
        try:
            pl.Series([""]).str.contains(feature.pattern)
        except pl.exceptions.PolarsError:
            raise MarketError(
                f"{where}: has look-around or back-references, which are not supported (got {feature.pattern!r})",
                "Write it without (?=...), (?<...), (?!...) and \\1.",
            ) from None


def _parse_number(feature: Feature, text: pl.Expr) -> pl.Expr:
    decimal = feature.decimal
    grouped = pl.when(text.str.contains(_GROUPED[decimal])).then(text.str.replace_all(_SEPARATORS[decimal], ""))
    if decimal == ",":
        number = grouped.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    else:
        number = pl.coalesce(text.cast(pl.Float64, strict=False), grouped.cast(pl.Float64, strict=False))
    if feature.scale != 1:
        number = (number * feature.scale).round_sig_figs(EXACT_DIGITS)
    # Minus zero equals zero, yet has other bits and would make another key.
    return pl.when(number == 0).then(0.0).when(number.is_finite()).then(number)


def _parse_year(feature: Feature, text: pl.Expr) -> pl.Expr:
    number = _parse_number(feature, text)
    return pl.when(number == number.floor()).then(number)


def _parse_flag(feature: Feature, text: pl.Expr) -> pl.Expr:
    if not feature.true:
        return text.str.contains(feature.pattern).cast(pl.Float64)
    return pl.when(text.is_in(feature.true)).then(1.0).when(text.is_in(feature.false)).then(0.0)


def _parse_date(_: Feature, text: pl.Expr) -> pl.Expr:
    return parse_day(text)


def _parse_category(_: Feature, text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)


PARSERS: dict[str, Callable[[Feature, pl.Expr], pl.Expr]] = {
    "category": _parse_category,
    "number": _parse_number,
    "year": _parse_year,
    "flag": _parse_flag,
    "date": _parse_date,
}
"""By the name of the kind: the expression that turns a text into a value."""
