"""Numbers as people write them: one text in, one value out.

A number may have thousands and decimals of any language, a magnitude ("45k", "1.2 lakh"), a unit and a currency.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

from carprice.market.days import MONTHS
from carprice.market.tidy import tidy_text
from carprice.market.units import CURRENCIES, MAGNITUDES, convert_unit, split_tokens

MAX_CHARACTERS = 200
"""A longer text is prose, not a number."""

_NUMBER = re.compile(
    r"[0-9]{1,3}(?P<mark>[ '’`´])[0-9]{3}(?:(?P=mark)[0-9]{3})*(?![0-9])(?:[.,][0-9]+)?"
    r"|[0-9]+(?:[.,][0-9]+)*|(?<![\w/])[.,][0-9]+"
)
_EXPONENT = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]+")
_PER_DISTANCE = re.compile(r"(?i)/\s*100\s*(?:km|км|mi)\b|\bcm\s?[23]\b|\bco2\b|\bm\s?[23]\b|\beuro\s?[1-6]\b")
_RANGE = re.compile(r"\s*(?:km|км|mi|[€£$₹])?\s*(?:-|–|—|to|bis|до)\s*[€£$₹]?\s*")
_FORMER = re.compile(
    r"(?i)(?<=[0-9€£$])\s*[-–,;/(\[]*\s*(?:was|previously|formerly|reduced from|down from|instead of|"
    r"rrp|msrp|statt|uvp|vorher|au lieu de|avant|antes|en lugar de|prima era|vroeger|было|вместо)\b.*$"
)
"""What a price was before, behind what it is."""
_DEPOSIT = re.compile(
    r"(?i)(?<=[0-9€£$฿])\s*[-–,;/(\[]*\s*(?:down ?payment|anzahlung|entrada|enganche|acompte|ราคาดาวน์|ดาวน์)"
    r"\W*[0-9][0-9.,]*\W*$"
)
"""What a car can be had for at first, behind its price."""
_DISCOUNT = re.compile(
    r"(?<=[0-9€£$฿])\s*"
    r"(?:[(\[][^()\[\]]*[0-9]\s?%[^()\[\]]*[)\]]|[-–−↓]\s?[0-9]{1,2}(?:[.,][0-9])?\s?%)\s*$"
)
"""By how much a price was reduced, behind it: (Rebajado 11%), -5%."""
_IN_OTHER_UNIT = re.compile(
    r"([^\W\d_]+(?:\.\s?[^\W\d_]+)*)\.?\s*[(/|]\s*[0-9][0-9.,' ]*([^\W\d_]+(?:\.\s?[^\W\d_]+)*)\.?\s*\)?\s*$"
)
"""The same number again, in the unit behind it: 88 kW (120 PS)."""
_FOOTNOTE = re.compile(r"([0-9]\s?[€£$]|[,.]\s?[-–—]+)(?:\s?[¹²³⁴-⁹*]+|\s[1-9]\)?)\s*$")
CUT_OFF = "000"
"""The end of a number of which the rest was lost: in "000 - 89999 km" that of 80000."""
MAX_REDUCTION = 3.0
"""How many times the new price the old one before it may be."""
_NEXT_WORD = re.compile(r"\s?([^\W\d_]+)")
_THOUSAND_KM = re.compile(r"(?i)[\s.]?(?:tkm|ткм)(?![^\W\d_])")
"""Also behind a point: 120.tkm."""
_END = re.compile(r"[,.:]\s?[-–—]+$")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its magnitude multiplied in, and the other words and signs beside it, in small letters."""

    number: float
    words: tuple[str, ...]
    has_magnitude: bool = False


def read_quantity(text: str, decimal: str = ".") -> Quantity | None:
    """The one number of a text, or None where it has none, or several that are not parts of one.

    decimal: the mark before a fraction where one mark with three digits behind it could be either (1.998 litres or
    1,998 pounds). "1 crore 25 lakh" and "2億3500万" are sums; of "20,000 - 24,999" the middle counts, of
    "9,995 (was 10,995)" the first, of "£10,995 £9,995" the last: an old price and the new one. "35 - 40K" is in
    thousands at both ends.
    """
    text = text if len(text) <= MAX_CHARACTERS else " ".join(text[: 10 * MAX_CHARACTERS].split())
    if len(text) > MAX_CHARACTERS:
        return None
    text = _cut_ends(tidy_text(_FOOTNOTE.sub(r"\1", text)))
    if _EXPONENT.fullmatch(text):
        return Quantity(float(text), ())
    numbers: list[float] = []
    words: list[str] = []
    scales: list[float] = []
    end = 0
    for match in _NUMBER.finditer(text):
        if (number := _read_core(match.group(), decimal)) is None:
            return None
        before = split_tokens(text[end : match.start()])
        if before and text[match.start() - 1].isalpha() and before[-1] not in CURRENCIES:
            return None  # the number of a name, as in X5
        words += before
        scale, end = _read_magnitude(text, match.end())
        numbers.append(number)
        scales.append(scale)
    words += split_tokens(text[end:])
    if not numbers or any(word in MONTHS and word != "mar" for word in words):
        return None
    total = _join_numbers(numbers, scales, text)
    if total is None:
        return None
    is_negative = re.match(r"[^\w(]*-\s?[^\w\s]*[0-9]", text) is not None
    return Quantity(-total if is_negative else total, tuple(words), max(scales) != 1)


def _cut_ends(text: str) -> str:
    """A tidy text without what is no part of its number: "per 100 km", itself in another unit, what a price was, a
    deposit, a discount."""
    text = _PER_DISTANCE.sub(" ", text)
    if (match := _IN_OTHER_UNIT.search(text)) and convert_unit(match[1], match[2]) not in (None, 1.0):
        text = text[: match.end(1)]
    for pattern in (_FORMER, _DEPOSIT, _DISCOUNT, _END):
        text = pattern.sub("", text)
    return text


def _read_core(text: str, decimal: str) -> float | None:
    """A run of digits with its marks as a number: which of them are decimals follows from how they stand."""
    digits = re.sub(r"[ '’`´]", "", text)
    marks = re.findall(r"[.,]", digits)
    if not marks:
        return float(digits)
    last = marks[-1]
    if len(set(marks)) == 2:
        # Both: the last one is the decimal mark, and stands once.
        return _join(digits, last) if marks.count(last) == 1 and _are_grouped(digits.rsplit(last, 1)[0]) else None
    if len(marks) > 1:
        return _join(digits, "") if _are_grouped(digits) else None
    whole, fraction = digits.split(last)
    is_group = len(fraction) == 3 and 1 <= len(whole) <= 3 and int(whole) > 0 and last != decimal
    return _join(digits, "" if is_group and not re.search(r"[ '’`´]", text) else last)


def _are_grouped(digits: str) -> bool:
    """Groups of three digits at the end and of two or three before, as in 2.990.000 and 4,50,000."""
    return re.fullmatch(r"[0-9]{1,3}(?:[.,][0-9]{2,3})*[.,][0-9]{3}|[0-9]+", digits) is not None


def _join(digits: str, mark: str) -> float:
    whole, _, fraction = digits.rpartition(mark) if mark else (digits, "", "0")
    return float(f"{re.sub('[.,]', '', whole) or '0'}.{fraction}")


def _read_magnitude(text: str, start: int) -> tuple[float, int]:
    """The factor that the word right behind a number stands for, 1 where it is none, and where that word ends."""
    if match := _THOUSAND_KM.match(text, start):
        return 1e3, match.end()
    match = _NEXT_WORD.match(text, start)
    if match is None:
        return 1.0, start
    word = match[1].casefold()
    if word in MAGNITUDES:
        return MAGNITUDES[word], match.end()
    mark = word[0]  # 万円 is written as one word
    return (MAGNITUDES[mark], match.start(1) + 1) if mark in "万萬만億亿억千천" else (1.0, start)


def _join_numbers(numbers: list[float], scales: list[float], text: str) -> float | None:
    if len(numbers) == 1:
        return _scale(numbers[0], scales[0])
    if len(numbers) == 2 and (middle := _find_middle(numbers, scales)) is not None:
        one, other = _NUMBER.finditer(text)
        if _RANGE.fullmatch(text[_read_magnitude(text, one.end())[1] : other.start()]):
            return None if one.group() == CUT_OFF else middle
    if len(numbers) == 2 and scales[0] == scales[1] and _is_reduced(numbers, text):
        return _scale(numbers[1], scales[1])
    is_sum = scales[0] > 1 and all(above > below for above, below in pairwise(scales))
    return sum(map(_scale, numbers, scales)) if is_sum else None


def _is_reduced(numbers: list[float], text: str) -> bool:
    """Whether two numbers are an old price and the new one: nothing but a currency's sign is between them."""
    one, other = _NUMBER.finditer(text)
    between = split_tokens(text[_read_magnitude(text, one.end())[1] : other.start()])
    is_less = numbers[1] < numbers[0] <= MAX_REDUCTION * numbers[1]
    return is_less and bool(between) and all(word in CURRENCIES for word in between)


def _find_middle(numbers: list[float], scales: list[float]) -> float | None:
    """The middle of a range, whose magnitude may stand behind its end alone: "35 - 40K"; None where it is none."""
    low, high = numbers
    if scales[0] == 1 and low > high:
        return (low + _scale(high, scales[1])) / 2 if low < _scale(high, scales[1]) <= 10 * low else None
    is_near = low < high and (high < 10 * low or low == 0) and scales[0] in (1, scales[1])
    return _scale((low + high) / 2, scales[1]) if is_near else None


def _scale(number: float, factor: float) -> float:
    """The product to 15 significant digits: 4.6 lakh are 460,000, not a billionth less."""
    return float(f"{number * factor:.15g}") if factor != 1 else number
