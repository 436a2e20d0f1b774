"""The market file: what a listing of one market looks like, checked whole when it is read."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from carprice.errors import MarketError
from carprice.market.toml_fields import (
    check_keys,
    read_choice,
    read_flag,
    read_mapping,
    read_number,
    read_pattern,
    read_scale,
    read_table,
    read_text,
    read_texts,
)

KINDS = ("category", "number", "flag", "year", "date")
OUTSIDE = ("drop", "missing")
DECIMALS = (".", ",")

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CURRENCY = re.compile("[A-Z]{3}")
MAX_TEXT = 100
"""Characters of a category, where the market file does not say."""
# Columns that cleaning adds to the features.
RESERVED = ("price", "key", "problem")


@dataclass(frozen=True)
class Price:
    """The price column and the prices that are believed, in whole units of the market's currency.

    scale is how many units one in the column stands for: 100,000 where prices are in lakh.
    """

    column: str
    min: float
    max: float
    pattern: str = ""
    decimal: str = "."
    missing: tuple[str, ...] = ()
    scale: float = 1.0


@dataclass(frozen=True)
class Feature:
    """One fact of a listing: where it stands in the source, and how its text becomes a value.

    name is the field of the API, column the source's. Text is trimmed; a text in `missing` is no value; else
    `replace` maps it, then `pattern` (a regular expression with one group) takes its part. A number is parsed
    after that, `decimal` ("." or ",") before its fraction and thousands set off or not, and multiplied by
    `scale`, so that min and max are of the product; a flag is true where
    the text is in `true`, false where it is in `false` and, with a pattern instead of both, true where the
    pattern is found. A date is ISO 8601. A value that cannot be read, or lies beyond min or max (for a
    category: a longer text than max, or than MAX_TEXT), drops the listing, or is missing with
    outside = "missing".
    """

    name: str
    column: str
    kind: str
    label: str = ""
    unit: str = ""
    min: float | None = None
    max: float | None = None
    optional: bool = False
    missing: tuple[str, ...] = ()
    replace: Mapping[str, str] = field(default_factory=dict)
    pattern: str = ""
    decimal: str = "."
    true: tuple[str, ...] = ()
    false: tuple[str, ...] = ()
    outside: str = "drop"
    scale: float = 1.0

    @property
    def is_text(self) -> bool:
        """Whether the trees see it as a category, not as a number."""
        return self.kind == "category"

    @property
    def longest(self) -> int:
        """How many characters a category's text may have."""
        return MAX_TEXT if self.max is None else int(self.max)


@dataclass(frozen=True)
class Market:
    """One market: a name, a currency, a price and its features in the order the model sees them.

    A feature called `make` or `model` is the car's make or model, and the first one of kind year its
    age: metrics by slice and the price page look for them, and do without where they are absent.
    """

    name: str
    title: str
    currency: str
    distance_unit: str
    price: Price
    features: tuple[Feature, ...]

    def feature(self, name: str) -> Feature | None:
        """The feature of that name, or None."""
        return next((feature for feature in self.features if feature.name == name), None)

    @property
    def year(self) -> Feature | None:
        """The feature that says how old the car is, or None."""
        return next((feature for feature in self.features if feature.kind == "year"), None)


def load_market(name: str, folder: Path) -> Market:
    """Read `folder/name.toml`, or the file itself where name is a path that ends in .toml.

    Raises MarketError with path, expectation and value.
    """
    path = Path(name) if name.endswith(".toml") else folder / f"{name}.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        known = ", ".join(sorted(file.stem for file in folder.glob("*.toml"))) or "none"
        raise MarketError(
            f"Market {name!r} has no file {path}",
            f"Known markets: {known}. Draft one: ./carprice market init LISTINGS",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise MarketError(f"{path}: cannot be read ({error})") from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MarketError(f"{path}: is not TOML: {error}") from None
    market = parse_market(data, str(path))
    if not _CURRENCY.fullmatch(market.currency):
        raise MarketError(f"{path}: currency: should be the three letters of ISO 4217 (got {market.currency!r})")
    return market


def parse_market(data: Mapping[str, Any], source: str) -> Market:
    """Build a market from parsed TOML; source is named in every error. The inverse of dump_market."""
    check_keys(data, {"name", "title", "currency", "distance_unit", "price", "features"}, source)
    features = read_table(data, "features", source)
    if not features:
        raise MarketError(f"{source}: features: should have at least one feature (got none)")
    market = Market(
        name=read_text(data, "name", source),
        title=read_text(data, "title", source),
        currency=read_text(data, "currency", source),
        distance_unit=read_choice(data, "distance_unit", ("km", "mi"), source),
        price=_parse_price(read_table(data, "price", source), f"{source}: price"),
        features=tuple(
            _parse_feature(name, read_table(features, name, f"{source}: features"), f"{source}: features.{name}")
            for name in features
        ),
    )
    for feature in market.features:
        if feature.column == market.price.column:
            raise MarketError(
                f"{source}: features.{feature.name}.column: is the price column {feature.column!r}",
                "A feature computed from the price would make every score a lie; remove it.",
            )
    return market


def dump_market(market: Market) -> dict[str, Any]:
    """The market as plain dicts, lists, strings and numbers, without defaults, as the market file has it."""
    price = _without_defaults(market.price)
    features = {}
    for feature in market.features:
        features[feature.name] = _without_defaults(feature)
        del features[feature.name]["name"]
    data = {key: getattr(market, key) for key in ("name", "title", "currency", "distance_unit")}
    return {**data, "price": price, "features": features}


def _without_defaults(value: Price | Feature) -> dict[str, Any]:
    defaults = {item.name: item.default for item in fields(value)}
    plain = {key: list(item) if isinstance(item, tuple) else item for key, item in asdict(value).items()}
    return {key: item for key, item in plain.items() if item not in ([], {}) and item != defaults[key]}


def _parse_price(data: Mapping[str, Any], where: str) -> Price:
    check_keys(data, {item.name for item in fields(Price)}, where)
    price = Price(
        column=read_text(data, "column", where),
        min=read_number(data, "min", where, required=True) or 0.0,
        max=read_number(data, "max", where, required=True) or 0.0,
        pattern=read_pattern(data, where),
        decimal=read_choice(data, "decimal", DECIMALS, where, default="."),
        missing=read_texts(data, "missing", where),
        scale=read_scale(data, where),
    )
    if price.min <= 0:
        raise MarketError(f"{where}.min: should be above 0 (got {price.min:g})")
    _check_order(price.min, price.max, where)
    return price


def _parse_feature(name: str, data: Mapping[str, Any], where: str) -> Feature:
    if not _NAME.fullmatch(name):
        raise MarketError(f"{where}: should be a name of a-z, 0-9 and _ of at most 40 characters (got {name!r})")
    if name in RESERVED:
        raise MarketError(f"{where}: {name!r} is a name that the product uses itself")
    check_keys(data, {item.name for item in fields(Feature)} - {"name"}, where)
    feature = Feature(
        name=name,
        column=read_text(data, "column", where),
        kind=read_choice(data, "kind", KINDS, where),
        label=read_text(data, "label", where, default=name.replace("_", " ").capitalize()),
        unit=read_text(data, "unit", where, default=""),
        min=read_number(data, "min", where),
        max=read_number(data, "max", where),
        optional=read_flag(data, "optional", where),
        missing=read_texts(data, "missing", where),
        replace=read_mapping(data, "replace", where),
        pattern=read_pattern(data, where),
        decimal=read_choice(data, "decimal", DECIMALS, where, default="."),
        true=read_texts(data, "true", where),
        false=read_texts(data, "false", where),
        outside=read_choice(data, "outside", OUTSIDE, where, default="drop"),
        scale=read_scale(data, where),
    )
    _check_order(feature.min, feature.max, where)
    if feature.kind == "flag" and not feature.pattern and not (feature.true and feature.false):
        raise MarketError(f"{where}: a flag should have a pattern, or both true and false (got neither)")
    if feature.kind == "year" and (feature.min is None or feature.max is None):
        raise MarketError(f"{where}: a year should have min and max (got {feature.min} and {feature.max})")
    if feature.scale != 1 and feature.kind != "number":
        raise MarketError(f"{where}.scale: is for kind number alone (got kind {feature.kind!r})")
    if feature.outside == "missing" and not feature.optional:
        raise MarketError(f"{where}.outside: 'missing' needs optional = true (got optional = false)")
    return feature


def _check_order(low: float | None, high: float | None, where: str) -> None:
    if low is not None and high is not None and low >= high:
        raise MarketError(f"{where}.max: should be above min {low:g} (got {high:g})")
