"""What people type into a form, or have in a file, as the JSON values of a listing."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from carprice.market.days import read_year
from carprice.market.kinds import KINDS
from carprice.market.market_file import ASKING, Feature, Market
from carprice.market.quantities import Quantity, read_quantity
from carprice.market.units import CURRENCIES, convert_unit, find_unit

MAX_TYPED = 200
"""Characters of a number; a category or text may have as many as its kind says."""

MAX_ECHO = 40
"""Characters of a text that a message repeats."""
DECIMALS = 4
"""Of a number that a message suggests."""

_GROUPED = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{3})+(?![0-9])")


class Typed(NamedTuple):
    """texts: what was typed, trimmed, by field. values: as JSON has them. problems: by field."""

    texts: dict[str, str]
    values: dict[str, Any]
    problems: dict[str, str]


def read_typed(market: Market, given: Mapping[str, str]) -> Typed:
    """The fields of one listing, and its asking price, as they were typed; what else is given is left out.

    What the market file replaces in a file is replaced here too. What cannot be read has a problem instead;
    whether it is within its limits, check_listing says.
    """
    texts = {name: given[name].strip() for name in _list_names(market) if given.get(name, "").strip()}
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for feature in market.features:
        if feature.name in texts:
            try:
                text = texts[feature.name]
                values[feature.name] = _read_text(market, feature, feature.replace.get(text, text))
            except ValueError as error:
                problems[feature.name] = str(error) or f"should be {KINDS[feature.kind].expected}"
    if ASKING in texts:
        try:
            values[ASKING] = read_money(texts[ASKING], market)
        except ValueError as error:
            problems[ASKING] = str(error) or "should be a number above 0"
    return Typed(texts, values, problems)


def read_money(text: str, market: Market) -> float:
    """An amount in the market's currency, such as `£8,995` or `9k`. Raises ValueError."""
    found = _read_number(text, market.price.decimal)
    foreign = [word for word in found.words if market.currency not in CURRENCIES.get(word, ())]
    if foreign:
        raise ValueError(f"should be in {market.currency}")
    if not found.number > 0:
        raise ValueError
    return found.number


def read_number(text: str, feature: Feature, market: Market) -> float:
    """A number or year in the feature's unit, such as `45k` or `72,000 km`. Raises ValueError."""
    return float(_read_text(market, feature, text.strip()))


def advise_number(given: Any, read: Callable[[str], float]) -> str:
    """Which number to send in place of a text of JSON that reads as one, to be added to what is expected; else "".

    read: raises ValueError where the text is none.
    """
    if not isinstance(given, str) or len(given) > MAX_ECHO or not given.isprintable():
        return ""
    try:
        number = round(read(given), DECIMALS)
    except ValueError:
        return ""
    return f': send {KINDS["number"].write(number)}, not the text "{given}"'


def _list_names(market: Market) -> list[str]:
    return [*(feature.name for feature in market.features), ASKING]


def _read_text(market: Market, feature: Feature, text: str) -> Any:
    """Raises ValueError, without a text where the kind says enough."""
    kind = KINDS[feature.kind]
    if feature.kind == "year":
        year = read_year(text[:MAX_TYPED])
        if year is None:
            raise ValueError
        return year
    if feature.kind == "number":
        return _read_measure(text, feature, is_distance=feature == market.mileage)
    if feature.kind == "flag" and (said := _read_flag(feature, text)) is not None:
        return said
    try:
        return kind.parse(text)
    except ValueError:
        raise ValueError from None


def _read_flag(feature: Feature, text: str) -> bool | None:
    """Yes or no in the words that the market's files have for this flag, or None."""
    folded = text.casefold()
    words = {True: feature.true, False: feature.false}
    return next((said for said, known in words.items() if folded in {word.casefold() for word in known}), None)


def _read_measure(text: str, feature: Feature, is_distance: bool) -> float:
    """A number in the feature's unit. A distance has no three decimals, so 45.000 is a thousand times 45."""
    if grouped := _GROUPED.match(text) if is_distance else None:
        text = text.replace(grouped[0], re.sub(r"[.,]", "", grouped[0]), 1)
    if "/" in feature.unit:  # km/l would be two units
        text = re.sub(rf"{_find_unit_pattern(feature.unit)}\s*$", "", text, flags=re.IGNORECASE)
    found = _read_number(text, feature.decimal)
    words = [word for word in found.words if feature.unit not in CURRENCIES.get(word, ())]
    units = {find_unit(word) or word for word in words}
    if not units:
        return _fit_volume(found.number, feature)
    if units == {feature.unit.casefold()} or units == {feature.unit}:
        return found.number
    if not feature.unit and not any(find_unit(word) or word in CURRENCIES for word in words):
        return found.number  # 2nd, or 4 cylinders
    factors = [convert_unit(unit, feature.unit) for unit in units]
    if len(factors) == 1 and factors[0] is not None:
        return float(f"{found.number * factors[0]:.15g}")
    raise ValueError(f"should be a number in {feature.unit}" if feature.unit else "")


def _fit_volume(number: float, feature: Feature) -> float:
    """A volume without a unit: 1998 where litres are meant is of cc, and 2.0 where cc are meant of litres."""
    other = {"l": "cc", "cc": "l"}.get(find_unit(feature.unit) or feature.unit)
    if not other or is_within(number, feature):
        return number
    meant = float(f"{number * (convert_unit(other, feature.unit) or 0.0):.15g}")
    return meant if is_within(meant, feature) else number


def is_within(number: float, feature: Feature) -> bool:
    """Whether a number lies within the limits of a feature, those there are."""
    low, high = feature.min, feature.max
    return (low is None or low <= number) and (high is None or number <= high)


def _find_unit_pattern(unit: str) -> str:
    return r"\s*".join(re.escape(mark) for mark in "".join(unit.split()))


def _read_number(text: str, decimal: str) -> Quantity:
    found = read_quantity(text, decimal) if len(text) <= MAX_TYPED else None
    if found is None or not abs(found.number) < float("inf"):
        raise ValueError
    return found
