"""The text of a column to values: polars expressions, built from the market file."""

import re
from collections.abc import Callable
from functools import partial

import polars as pl

from carprice.errors import MarketError
from carprice.market.days import WESTERN, read_day, read_year
from carprice.market.kinds import EPOCH, KINDS
from carprice.market.market_file import Feature, Market
from carprice.market.quantities import Quantity, read_quantity
from carprice.market.units import convert_unit, find_currencies

MISSING_VALUE = "missing value"
OUTSIDE_LIMITS = "value outside limits"
PRICE_OUTSIDE = "price outside limits"
OTHER_CURRENCY = "price in another currency"
YEAR_AND_MONTH = r"^(?:19|20)[0-9]{2}\.(?:0[1-9]|1[0-2])$"
"""A number to others: October 2014 as 2014.10."""
EXACT_DIGITS = 15
"""Significant digits of a number times its scale: 4.6 lakh are 460,000, not a billionth less."""
MONEY_LETTERS = {"m": 1e6}
"""Beside a price, not beside other numbers: 1.2m is a million, and 4 m is four metres."""

Reader = Callable[[str], float | None]


class PriceFeature(Feature, frozen=True):
    """The price as a required number whose unit is the market's currency.

    rates: of other currencies by code, each how much of the market's currency one of it is. currency_column: what
    names the currency of each row.
    """

    rates: dict[str, float] = {}  # noqa: RUF012  # msgspec copies it
    currency_column: str = ""


def price_feature(market: Market) -> PriceFeature:
    """The price of a market as a feature."""
    price = market.price
    return PriceFeature(
        name="price",
        column=price.column,
        kind="number",
        unit=market.currency,
        min=price.min,
        max=price.max,
        missing=price.missing,
        pattern=price.pattern,
        decimal=price.decimal,
        scale=price.scale,
        rates=price.rates,
        currency_column=price.currency_column,
    )


def trim_text(feature: Feature) -> pl.Expr:
    """The trimmed text of the feature's column, null where it is empty or one of `missing`.

    Of a price it has the row's currency behind it where a column names that.
    """
    trimmed = pl.col(feature.column).str.strip_chars()
    known = pl.when(~trimmed.is_in(["", *feature.missing])).then(trimmed)
    if isinstance(feature, PriceFeature) and feature.currency_column:
        return known + pl.lit(" ") + pl.col(feature.currency_column).str.strip_chars().fill_null("")
    return known.fill_null(feature.false[0]) if feature.blank == "false" else known


def replace_text(feature: Feature, text: pl.Expr) -> pl.Expr:
    """The text after the replacements of the market file."""
    return text.replace(dict(feature.replace)) if feature.replace else text


def parse_value(feature: Feature, text: pl.Expr) -> pl.Expr:
    """The value of a replaced text: String for a category or a text, else Float64; null where it cannot be read.

    A flag is 1 or 0, a date the days since 1970-01-01.
    """
    if feature.takes_part:
        text = text.str.extract(feature.pattern, 1).str.strip_chars()
    return PARSERS[feature.kind](feature, text)


def parse_day(text: pl.Expr, day_first: bool | None = None) -> pl.Expr:
    """Days since 1970-01-01 (Float64) of a date, as read_day reads it; null where it cannot be read."""
    return _map_texts(text, partial(_read_days, day_first=day_first))


def find_fault(feature: Feature, text: pl.Expr, value: pl.Expr) -> pl.Expr:
    """The reason why a value is not accepted, else null. text and value are expressions over the same rows."""
    missing = pl.lit(None, pl.String) if feature.optional else pl.lit(MISSING_VALUE)
    outside = pl.lit(PRICE_OUTSIDE if feature.name == "price" else OUTSIDE_LIMITS)
    size = value.str.len_chars() if feature.is_text else value
    beyond = pl.lit(False)
    if feature.min is not None:
        beyond = beyond | (size < feature.min)
    high = feature.max_length if feature.is_text else feature.max
    if high is not None:
        beyond = beyond | (size > high)
    return (
        pl.when(text.is_null())
        .then(missing)
        .when(value.is_null())
        .then(_unreadable(feature, text))
        .when(beyond)
        .then(outside)
    )


def unreadable(feature: Feature) -> str:
    """The reason of a text that is no value of the feature's kind."""
    return f"unreadable {KINDS[feature.kind].noun}"


def _unreadable(feature: Feature, text: pl.Expr) -> pl.Expr:
    reason = pl.lit(unreadable(feature))
    if not isinstance(feature, PriceFeature):
        return reason
    is_foreign = _map_texts(text, lambda price: float(_is_foreign(feature, price))) == 1
    return pl.when(is_foreign).then(pl.lit(OTHER_CURRENCY)).otherwise(reason)


def check_patterns(market: Market) -> None:
    """Raise MarketError for a pattern that polars cannot run, or that does not have its one group."""
    for feature in (price_feature(market), *market.features):
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


def _map_texts(text: pl.Expr, read: Reader) -> pl.Expr:
    """read applied to each text, once to equal ones."""

    def apply(texts: pl.Series) -> pl.Series:
        found = {one: read(one) for one in texts.drop_nulls().unique()}
        if not found:
            return pl.Series(texts.name, [None] * texts.len(), pl.Float64)
        return texts.replace_strict(list(found), list(found.values()), default=None, return_dtype=pl.Float64)

    return text.map_batches(apply, return_dtype=pl.Float64)


def _parse_number(feature: Feature, text: pl.Expr) -> pl.Expr:
    plain = text.cast(pl.Float64, strict=False)
    if feature.decimal == ",":
        plain = pl.when(~text.str.contains(".", literal=True)).then(plain)
    factor = feature.scale * _column_factor(feature)
    others = _map_texts(pl.when(plain.is_null()).then(text), partial(_read_number, feature))
    number = pl.coalesce((plain * factor).round_sig_figs(EXACT_DIGITS) if factor != 1 else plain, others)
    # Minus zero equals zero, yet has other bits and would make another key.
    return pl.when(number == 0).then(0.0).when(number.is_finite()).then(number)


def _column_factor(feature: Feature) -> float:
    """What converts a number without a unit of its own."""
    return convert_unit(feature.column_unit, feature.unit) or 1.0


def _read_number(feature: Feature, text: str) -> float | None:
    """A text with more than digits: the unit, the magnitude and the currency in it win over the column's."""
    found = read_quantity(text, feature.decimal)
    if found is None:
        return None
    factor = _find_rate(feature, found) if isinstance(feature, PriceFeature) else _find_factor(feature, found)
    if factor is None:
        return None
    scale = 1.0 if found.has_magnitude else feature.scale
    return found.number if factor * scale == 1 else float(f"{found.number * factor * scale:.{EXACT_DIGITS}g}")


def _find_factor(feature: Feature, found: Quantity) -> float:
    factors = (convert_unit(word, feature.unit) for word in found.words)
    return next((factor for factor in factors if factor is not None), _column_factor(feature))


def _find_rate(feature: PriceFeature, found: Quantity) -> float | None:
    """How much of the market's currency one of the price's is; None for a currency without a rate."""
    letters = [MONEY_LETTERS[word] for word in found.words if word in MONEY_LETTERS]
    codes = find_currencies(list(found.words))
    if not codes or feature.unit in codes:
        return letters[0] if letters else 1.0
    return next((feature.rates[code] for code in codes if code in feature.rates), None)


def _is_foreign(feature: PriceFeature, text: str) -> bool:
    found = read_quantity(text, feature.decimal)
    return found is not None and _find_rate(feature, found) is None


def _parse_year(feature: Feature, text: pl.Expr) -> pl.Expr:
    plain = text.cast(pl.Float64, strict=False)
    is_year = plain.is_between(1800, 2200) & pl.lit(feature.calendar in WESTERN)
    read = partial(read_year, calendar=feature.calendar)
    number = (
        pl.when(is_year).then(plain).otherwise(_map_texts(pl.when(~is_year | plain.is_null()).then(text), read))
    )
    has_month = text.str.contains(YEAR_AND_MONTH) & pl.lit(feature.calendar in WESTERN)
    return pl.when(number == number.floor()).then(number).when(has_month).then(number.floor())


def _parse_flag(feature: Feature, text: pl.Expr) -> pl.Expr:
    if not feature.true:
        return text.str.contains(feature.pattern).cast(pl.Float64)
    return pl.when(text.is_in(feature.true)).then(1.0).when(text.is_in(feature.false)).then(0.0)


def _parse_date(feature: Feature, text: pl.Expr) -> pl.Expr:
    return parse_day(text, feature.day_first)


def _read_days(text: str, day_first: bool | None) -> float | None:
    ordinal = read_day(text, day_first)
    return None if ordinal is None else float(ordinal - EPOCH.toordinal())


def _parse_category(_: Feature, text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)


PARSERS: dict[str, Callable[[Feature, pl.Expr], pl.Expr]] = {
    "category": _parse_category,
    "number": _parse_number,
    "year": _parse_year,
    "flag": _parse_flag,
    "date": _parse_date,
    "text": _parse_category,
}
"""By the name of the kind: the expression that turns a text into a value."""
