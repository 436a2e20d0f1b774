"""Features inside texts: litres and horsepower of an engine, words beside numbers, fuels."""

import re
from collections import Counter
from collections.abc import Iterator, Set
from dataclasses import dataclass

import polars as pl

from carprice.drafting.columns.profile import Profile
from carprice.drafting.columns.role_values import is_value

MIN_PART_SHARE = 0.25
"""The share of a column's texts that must have a part for it to be a feature."""
MIN_NAME_SHARE = 0.5
MIN_PART_VALUES = 2
MIN_WORD_SHARE = 0.9
MAX_SAME_SHARE = 0.97
"""Of the texts with a fuel: where more have the same one, another is none, as in Punto Essence (Flex)."""
MAX_FLAGS = 3
MAX_TEXTS = 5_000
NOT_FUEL = ("el", "gas", "premium", "solar")
"""Fuels that are other words too."""
NUMBER = r"([0-9]+(?:[.,][0-9]+)?)"
_LONG = r"(?:[0-9]{1,3}(?:[., '][0-9]{3})+|[0-9]+)"
_THOUSAND = r"(?i:k|tsd|тыс)"
_LONG_OR_RANGE = rf"{_LONG}(?:\s?[-\u2013]\s?{_LONG})?(?:\s?{_THOUSAND}\b\.?)?"
LONG_NUMBER = rf"\b({_LONG_OR_RANGE})"
"""With thousands, or a range of two, in thousands or not."""
MIN_DISTANCE_SHARE, MIN_DISTANCE = 0.5, 1_000.0
"""Texts that must have a distance for it to be that which cars have gone, and its median."""


@dataclass(frozen=True)
class Part:
    """What a pattern takes out of a text: a feature's name, kind, pattern and unit."""

    name: str
    kind: str
    pattern: str
    unit: str = ""


# Each with the words that may stand behind, or before, its number; a unit is that of the words found most often.
_POWER = {
    "hp": r"\s?(?:HP|hp|Hp|bhp|BHP|horsepower)\b",
    "PS": r"\s?(?:PS|ps|Ps|cv|CV|Cv|ch|pk|л\.\s?с|к\.\s?с|лс|KM|hk|LE|BG|bg|a\.\s?g|마력|馬力|马力)\b",
    "kW": r"\s?(?:kW|KW|kw|кВт)\b",
}
_SIZE = {
    "l": r"\s?(?:L|l|л|Ltr|ltr|[Ll]it(?:er|re)s?)\b",
    "cc": r"\s?(?:cc|CC|ccm|cm3|cm³|см3)",
}
_COUNTS = {
    "cylinders": (r"\b[VIWHRL]-?([0-9]{1,2})\b", r"\b([0-9]{1,2})[ -]?(?:[Cc]yl|CYL|[Zz]yl|цил)"),
    "gears": (r"\b([0-9]{1,2})[ -]?(?:[Ss]pe?e?d\b|[Gg]ang\b|[Vv]el\b|[Mm]archas|[Vv]itesses)",),
    "doors": (r"\b([2-5])[ -]?(?:[Dd]oors?|[Dd]rs?\b|DR\b|[Pp]uertas|[Pp]ortas|[Pp]ortes|[Tt]ür)",),
    "seats": (r"\b([2-9])[ -]?(?:[Ss]eats?|[Ss]eater|[Ss]itze|[Pp]lazas|[Pp]laces)",),
}
_DISTANCE = {
    "km": rf"{LONG_NUMBER}\s?(?i:kms?|kilometers?|kilometres?|км|公里)(?:[^/\w]|/[^hHlL]|$)",
    "mi": rf"{LONG_NUMBER}\s?(?i:mi|miles?)(?:[^/\w]|/[^hHlL]|$)",
}
_THOUSAND_KM = r"(?i:[\s.]?(?:tkm|ткм))\b"
_DISTANCE_IN_THOUSANDS = (
    rf"\b([0-9]{{1,3}}(?:[.,][0-9])?{_THOUSAND_KM}|{_LONG_OR_RANGE}\s?(?i:kms?|км))(?:[^/\w]|/[^hHlL]|$)"
)
"""Where some say thousand kilometres in one word, which is part of what is read: 120tkm, 120.tkm."""
_BARE_SIZE = r"(?:^|\s)([0-9][.,][0-9])(?:[A-Za-z]{0,4}\b)"
_WORD_BEHIND = r"([^\W\d_]+)\W*$"
_WORD = re.compile(r"[^\W\d_][^\W\d_-]+")


def find_number_parts(profile: Profile, taken: Set[str]) -> Iterator[Part]:
    """Numbers that stand in a sentence, as in "300.0HP 3.7L V6" and "4 cyl, 2.2 L"; none of a name in taken."""
    measured = {"power": _POWER, "engine_size": _SIZE}
    for name, units in measured.items():
        found = {unit: rf"{NUMBER}{words}" for unit, words in units.items()}
        unit = max(found, key=lambda key: profile.share_with(found[key]))
        if name not in taken and _is_part(profile, found[unit]):
            yield Part(name, "number", found[unit], unit)
        elif name == "engine_size" and name not in taken and _is_part(profile, _BARE_SIZE, MIN_NAME_SHARE):
            yield Part(name, "number", _BARE_SIZE, "l")
    for name, patterns in _COUNTS.items():
        pattern = max(patterns, key=profile.share_with)
        if name not in taken and _is_part(profile, pattern):
            yield Part(name, "number", pattern)


def find_distance_part(profile: Profile) -> Part | None:
    """The distance that a cell has beside something else, as "2008 | 120.000 Km"; None where there is none."""
    says_thousands = profile.share_with(rf"[0-9]{_THOUSAND_KM}") > 0
    for unit, pattern in {**_DISTANCE, **({"km": _DISTANCE_IN_THOUSANDS} if says_thousands else {})}.items():
        if profile.share_with(pattern) > MIN_DISTANCE_SHARE:
            numbers = profile.texts.drop_nulls().str.extract(pattern, 1)
            numbers = numbers.str.replace(_THOUSAND_KM, "000").str.replace(_THOUSAND, "000")
            digits = numbers.str.replace_all(r"^.*[-\u2013]|[^0-9]", "")
            middle = digits.cast(pl.Float64, strict=False).median()
            if isinstance(middle, float) and middle >= MIN_DISTANCE:
                return Part("mileage", "number", pattern, unit)
    return None


def find_word_parts(profile: Profile, taken: Set[str]) -> list[Part]:
    """The words beside a column's numbers: as one category where each number has one, else a flag each.

    The category has no name where the words are the values of no role; there is none of a role in taken.
    """
    words = profile.numbers.words if profile.numbers else {}
    if len(words) >= MIN_PART_VALUES and sum(words.values()) > MIN_WORD_SHARE:
        roles = [role for role in ("fuel", "transmission", "drive") if _are_values(words, role)]
        free = [role for role in roles if role not in taken]
        return [Part(free[0] if free else "", "category", _WORD_BEHIND)] if free or not roles else []
    return [Part(word, "flag", re.escape(word).replace(r"\ ", " ")) for word in list(words)[:MAX_FLAGS]]


def find_named_values(profile: Profile, taken: Set[str]) -> Iterator[Part]:
    """Categories of the fuel and the gearbox, where sentences name them: "2.0 л / 190 л.с. / Бензин"."""
    for role in ("fuel", "transmission"):
        if role not in taken:
            yield from _find_named_values(profile, role)


def _find_named_values(profile: Profile, role: str) -> Iterator[Part]:
    words, folded, named = Counter[str](), Counter[str](), 0
    for text, count in profile.counts.items():
        found = {word for word in _WORD.findall(text) if is_value(word, role) and word.casefold() not in NOT_FUEL}
        named += count * bool(found)
        for counts, each in ((words, found), (folded, {word.casefold() for word in found})):
            counts.update(dict.fromkeys(each, count))
    if max(folded.values(), default=0) > MAX_SAME_SHARE * named:
        return
    common = [word for word, count in words.most_common(12) if count >= 0.002 * profile.known]
    pattern = rf"({'|'.join(sorted(map(re.escape, common), key=len, reverse=True))})"
    if len(common) >= MIN_PART_VALUES and profile.share_with(pattern) >= MIN_NAME_SHARE:
        yield Part(role, "category", pattern)


def _are_values(words: dict[str, float], role: str) -> bool:
    return sum(share for word, share in words.items() if is_value(word, role)) > MIN_NAME_SHARE


def _is_part(profile: Profile, pattern: str, least: float = MIN_PART_SHARE) -> bool:
    if profile.share_with(pattern) < least:
        return False
    return (
        len({match.group(1) for text in profile.most_common[:MAX_TEXTS] if (match := re.search(pattern, text))})
        >= MIN_PART_VALUES
    )
