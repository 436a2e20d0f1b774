"""The market file: what a listing of one market looks like, checked whole when it is read."""

import re
import tomllib
from collections.abc import Mapping
from math import inf
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec

from carprice.errors import MarketError
from carprice.market.hygiene import Hygiene
from carprice.market.kinds import KINDS, TEXT
from carprice.market.units import convert_unit
from carprice.system.structs import Number, Positive, Text, convert

PriceType = Literal["asking", "paid"]
DistanceUnit = Literal["km", "mi"]
KindName = Literal[tuple(KINDS)]  # type: ignore[valid-type]  # of the table, which a type checker does not run
Decimal = Literal[".", ","]
Calendar = Literal["gregorian", "buddhist", "minguo", "solar hijri", "japanese", "spreadsheet", "two digits"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CURRENCY = re.compile("[A-Z]{3}")
NO_CURRENCY = "XXX"
"""ISO 4217's code of no currency, in drafts of files that do not say theirs; nothing is learnt with it."""
DISTANCE_UNITS = get_args(DistanceUnit)
MIN_MILEAGE_LIMIT = 10_000.0
"""Upper limit of a number in km or mi from which on it may be how far cars have gone."""
_SIGNS = {"up": 1, "down": -1, "none": 0}
ASKING = "asking_price"
"""Of a listing to be priced: what is asked for it. It stands beside the features, and no model sees it."""
# Columns that cleaning adds to the features, and what a listing may have besides them.
RESERVED = ("price", "key", "problem", ASKING)


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The price column and its limits, in whole units of the market's currency.

    scale: each price of the column is multiplied by it; 100,000 where prices are in lakh. refuse: a car that the
    model knows too little of is not valued, instead of priced with a warning. rates: of other currencies that
    prices are in, by code, how much of the market's currency one of it is; a price in one without a rate drops the
    listing. currency_column: what names the currency of each price, where the prices do not.
    """

    column: Text
    min: Positive
    max: Positive
    pattern: str = ""
    decimal: Decimal = "."
    missing: tuple[str, ...] = ()
    scale: Positive = 1.0
    refuse: bool = False
    rates: dict[str, Positive] = {}
    currency_column: str = ""


class Listing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a row of the source is besides its features; each but price_type a column, empty where there is none.

    id: of the car, such as a VIN. seen: the day of the listing or sale, as kind date has it. link: to the listing.
    day_first: whether 01/02/2020 in seen is the first of February; without it such a day is not read.
    comparables: whether a model of these listings may keep them, to show the like of a car beside its price.
    """

    id: str = ""
    seen: str = ""
    link: str = ""
    price_type: PriceType = "asking"
    day_first: bool | None = None
    comparables: bool = True


class Feature(msgspec.Struct, frozen=True):
    """One feature of a listing: its column in the source, and how a text of it becomes a value.

    name: the field of the API. column: in the source. The text is trimmed; one in `missing` is no value; `replace`
    maps it, then the group of `pattern` is taken. A number has `decimal` ("." or ",") before its fraction where it
    could be either mark, is converted from `column_unit` to `unit`, or from the unit beside it, and is multiplied
    by `scale`; min and max apply to the product. A year is one of `calendar`; `day_first` says what a date such as
    01/02/2020 is. A flag is true where the text is in `true` and false where it is in `false`; with a pattern
    instead of both, it is true where the pattern is found. A value that is unreadable or outside min and max (a
    category or text: longer than max, else than its kind has it) drops the listing; with outside = "missing" it is
    missing. blank: whether a flag that is left blank is false, or a category what stands above. monotone: whether
    a price only goes up or down with it, all else equal; where it is not given, up for the year and down for the
    mileage.
    """

    name: str
    column: Text
    kind: KindName  # type: ignore[valid-type]
    label: str = ""
    unit: str = ""
    min: Number | None = None
    max: Number | None = None
    optional: bool = False
    missing: tuple[str, ...] = ()
    replace: dict[str, str] = {}
    pattern: str = ""
    decimal: Decimal = "."
    true: tuple[str, ...] = ()
    false: tuple[str, ...] = ()
    outside: Literal["drop", "missing"] = "drop"
    scale: Positive = 1.0
    column_unit: str = ""
    calendar: Calendar = "gregorian"
    day_first: bool | None = None
    blank: Literal["missing", "false", "above"] = "missing"
    monotone: Literal["up", "down", "none", "by role"] = "by role"

    @property
    def is_category(self) -> bool:
        """Whether the trees see it as a category, not as a number."""
        return KINDS[self.kind].is_category

    @property
    def has_words(self) -> bool:
        """Whether the trees see what its words add up to."""
        return bool(self.kind == TEXT)

    @property
    def is_text(self) -> bool:
        """Whether its values are texts, not numbers."""
        return KINDS[self.kind].max_length > 0

    @property
    def max_length(self) -> int:
        """How many characters a text may have."""
        return KINDS[self.kind].max_length if self.max is None else int(self.max)

    @property
    def takes_part(self) -> bool:
        """Whether the group of the pattern is what is read; else the pattern is what makes a flag true."""
        return bool(self.pattern) and (self.kind != "flag" or bool(self.true))


class Market(msgspec.Struct, frozen=True):
    """One market: a name, a currency, the price and the features, in the order of the model's columns.

    Features called `make` and `model`, and the first one of kind year, are used for metrics by slice and on the
    price page; all are optional.
    """

    name: str
    title: str
    currency: str
    distance_unit: str
    price: Price
    features: tuple[Feature, ...]
    listing: Listing = Listing()
    hygiene: Hygiene = Hygiene()

    def feature(self, name: str) -> Feature | None:
        """The feature of that name, or None."""
        return next((feature for feature in self.features if feature.name == name), None)

    @property
    def year(self) -> Feature | None:
        """The feature that says how old the car is, or None."""
        return next((feature for feature in self.features if feature.kind == "year"), None)

    @property
    def mileage(self) -> Feature | None:
        """How far the car has gone: the feature called mileage, else the first number in km or mi that may be
        high, as an electric range is not; or None."""
        numbers = [feature for feature in self.features if feature.kind == "number"]
        named = [feature for feature in numbers if feature.name == "mileage"]
        driven = [
            item for item in numbers if item.unit in DISTANCE_UNITS and (item.max or inf) >= MIN_MILEAGE_LIMIT
        ]
        return next(iter([*named, *driven]), None)

    def monotone_sign(self, feature: Feature) -> int:
        """1 where a price only goes up with the feature, -1 where only down, else 0."""
        if feature.monotone in _SIGNS:
            return _SIGNS[feature.monotone]
        return (feature == self.year) - (feature == self.mileage)


class _MarketFile(msgspec.Struct, forbid_unknown_fields=True):
    """A market file with its features still by name, unchecked."""

    name: Text
    title: Text
    currency: Text
    distance_unit: DistanceUnit
    price: Price
    features: Annotated[dict[str, dict[str, Any]], msgspec.Meta(min_length=1)]
    listing: Listing = Listing()
    hygiene: Hygiene = Hygiene()


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
    """Build a market from parsed TOML, the inverse of dump_market.

    Raises MarketError naming source, path, expectation and value.
    """
    file = convert(data, _MarketFile, source, MarketError)
    inside = f"{source}." if ": " in source else f"{source}: "
    _check_number(file.price, f"{inside}price")
    for code in file.price.rates:
        if not _CURRENCY.fullmatch(code):
            raise MarketError(f"{inside}price.rates: should be by three letters of ISO 4217 (got {code!r})")
    features = tuple(_parse_feature(name, table, inside) for name, table in file.features.items())
    for feature in features:
        if feature.column == file.price.column:
            raise MarketError(
                f"{inside}features.{feature.name}.column: is the price column {feature.column!r}",
                "A feature computed from the price would make every score a lie; remove it.",
            )
        if feature.column == file.listing.seen:
            raise MarketError(
                f"{inside}features.{feature.name}.column: is the day of the listing, {feature.column!r}",
                "A model cannot know days to come; remove the feature: listing.seen is what the day is for.",
            )
    head = (file.name, file.title, file.currency, file.distance_unit, file.price)
    return Market(*head, features, file.listing, file.hygiene)


def dump_market(market: Market) -> dict[str, Any]:
    """The market as plain dicts, lists, strings and numbers, without defaults, as the market file has it."""
    features = {feature.name: _without_defaults(feature) for feature in market.features}
    for table in features.values():
        del table["name"]
    data = {key: getattr(market, key) for key in ("name", "title", "currency", "distance_unit")}
    rest = {"listing": _without_defaults(market.listing), "hygiene": _without_defaults(market.hygiene)}
    tables = {"price": _without_defaults(market.price), **{name: table for name, table in rest.items() if table}}
    return {**data, **tables, "features": features}


def _without_defaults(value: Price | Listing | Hygiene | Feature) -> dict[str, Any]:
    defaults = {item.name: item.default for item in msgspec.structs.fields(value)}
    given = {key: item for key, item in msgspec.structs.asdict(value).items() if item not in (defaults[key], {})}
    return {key: list(item) if isinstance(item, tuple) else item for key, item in given.items()}


def _parse_feature(name: str, table: dict[str, Any], inside: str) -> Feature:
    where = f"{inside}features.{name}"
    if not _NAME.fullmatch(name):
        raise MarketError(f"{where}: should be a name of a-z, 0-9 and _ of at most 40 characters (got {name!r})")
    if name in RESERVED:
        raise MarketError(f"{where}: {name!r} is a name that the product uses itself")
    keys = set(Feature.__struct_fields__) - {"name"}
    for key in table:
        if key not in keys:
            raise MarketError(f"{where}: {key!r} is not a key here", f"Known keys: {', '.join(sorted(keys))}")
    label = name.replace("_", " ").capitalize()
    feature = convert({"label": label, **table, "name": name}, Feature, where, MarketError)
    _check_number(feature, where)
    kind = KINDS[feature.kind]
    if feature.kind == "flag" and not feature.pattern and not (feature.true and feature.false):
        raise MarketError(f"{where}: a flag should have a pattern, or both true and false (got neither)")
    if kind.needs_limits and (feature.min is None or feature.max is None):
        raise MarketError(f"{where}: a {kind.name} should have min and max (got {feature.min} and {feature.max})")
    if feature.scale != 1 and not kind.has_scale:
        scaled = ", ".join(other.name for other in KINDS.values() if other.has_scale)
        raise MarketError(f"{where}.scale: is for kind {scaled} alone (got kind {kind.name!r})")
    if feature.blank == "false" and not (feature.kind == "flag" and feature.false):
        raise MarketError(f"{where}.blank: 'false' is for a flag with texts for false (got kind {kind.name!r})")
    if feature.blank == "above" and feature.kind != "category":
        raise MarketError(f"{where}.blank: 'above' is for a category (got kind {kind.name!r})")
    if feature.column_unit and convert_unit(feature.column_unit, feature.unit) is None:
        raise MarketError(
            f"{where}.column_unit: {feature.column_unit!r} cannot be converted to unit {feature.unit!r}"
        )
    if feature.monotone in _SIGNS and kind.max_length:
        raise MarketError(f"{where}.monotone: is for numbers, years, dates and flags (got kind {kind.name!r})")
    if feature.outside == "missing" and not feature.optional:
        raise MarketError(f"{where}.outside: 'missing' needs optional = true (got optional = false)")
    return feature


def _check_number(found: Price | Feature, where: str) -> None:
    """The pattern can be compiled, and max is above min."""
    try:
        re.compile(found.pattern)
    except re.error as error:
        raise MarketError(
            f"{where}.pattern: should be a regular expression (got {found.pattern!r}: {error})"
        ) from None
    if found.min is not None and found.max is not None and found.min >= found.max:
        raise MarketError(f"{where}.max: should be above min {found.min:g} (got {found.max:g})")
