"""Numbers, years and days as people write them: one text in, one value out.

A number may have thousands and decimals of any language, a magnitude ("45k", "1.2 lakh"), a unit and a currency.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from carprice.market.units import CURRENCIES, MAGNITUDES, convert_unit, split_tokens

EXCEL_EPOCH = date(1899, 12, 30)
"""Day 0 of a spreadsheet's dates, right from 1900-03-01 on."""
EXCEL_DAYS = range(18_000, 80_000)
"""Numbers that may be a spreadsheet's dates, 1949 to 2119; no car's year is among them, but many a mileage is."""
SPREADSHEET = "spreadsheet"
"""The calendar of a column that counts days as a spreadsheet does."""
TWO_DIGITS = "two digits"
"""The calendar of a column in which 17 is 2017."""
PIVOT = 50
"""Years of two digits from here on are of the last century."""
MAX_CHARACTERS = 200
"""A longer text is prose, not a number."""

_SPACES = re.compile(r"[\s\u00a0\u2009\u202f]+")
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
_YEAR = re.compile(r"(?<![0-9])(?:1[89]|20)[0-9]{2}(?![0-9])")
_SHORT_YEAR = re.compile(r"^(?:[0-9]{1,2}[/.-]|[^\W\d_]{3,9}\.?[ -]?'?)([0-9]{2})$")
_APOSTROPHE_YEAR = re.compile(r"^['`\u2019]([0-9]{2})(?![0-9])")
_TWO_DIGITS = re.compile(r"^([0-9]{1,2})(?:\.0)?$")
_KOREAN = re.compile(r"^'?([0-9]{2})\s?(?:년|/[0-9]{1,2}\s?식)")
_JAPANESE = re.compile(r"^(令和|平成|昭和|[RHS])\.?\s?([0-9]{1,2}|元)\s?年?")
_ERAS = {"令和": 2018, "R": 2018, "平成": 1988, "H": 1988, "昭和": 1925, "S": 1925}

CALENDARS: dict[str, Callable[[int], int]] = {
    "gregorian": lambda year: year,
    "buddhist": lambda year: year - 543,
    "minguo": lambda year: year + 1911,
    "solar hijri": lambda year: year + 621,
    "japanese": lambda year: year,
    SPREADSHEET: lambda year: year,
    TWO_DIGITS: lambda year: year,
}
"""The year of our calendar in which most of a year of another lies."""
WESTERN = ("gregorian", "japanese", SPREADSHEET, TWO_DIGITS)
"""Calendars in which a number of four digits is a year of ours."""

MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "jan january januar janvier janv enero ene gennaio gen janeiro januari styczeń sty янв "
            "январь ocak január ianuarie січень січ",
            "feb february februar février févr fev febrero febbraio fevereiro februari luty lut "
            "фев февраль şubat február februarie лютий лют",
            "mar march märz mär mrz mars marzo março maart marzec мар март mart március martie березень бер",
            "apr april avril avr abril abr aprile kwiecień kwi апр апрель nisan április aprilie квітень кві",
            "may mai mayo maggio mag maio mei maj май мая mayıs május травень тра",
            "jun june juni juin junio giugno giu junho czerwiec cze июн июнь haziran június iunie червень чер",
            "jul july juli juillet juil julio luglio lug julho lipiec lip июл июль temmuz július iulie липень лип",
            "aug august août aout agosto ago augustus sierpień sie авг август ağustos augusztus серпень сер",
            "sep sept september septembre septiembre settembre set setembro wrzesień wrz сен "
            "сентябрь eylül szeptember septembrie вересень вер",
            "oct october oktober okt octobre octubre ottobre ott outubro październik paź окт "
            "октябрь ekim október octombrie жовтень жов",
            "nov november novembre noviembre novembro listopad lis ноя ноябрь kasım noiembrie листопад лис",
            "dec december dezember dez décembre déc diciembre dic dicembre dezembro grudzień gru "
            "дек декабрь aralık decembrie грудень гру",
        ),
        1,
    )
    for word in words.split()
}
"""The number of a month by its name, or its first letters, in small letters."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its magnitude multiplied in, and the other words and signs beside it, in small letters."""

    number: float
    words: tuple[str, ...]
    has_magnitude: bool = False


def tidy_text(text: str) -> str:
    """The text with digits of any script as 0-9, full-width letters as usual ones, and single plain spaces."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.replace("³", "3").replace("²", "2"))
        text = "".join(
            str(unicodedata.digit(mark)) if mark.isdigit() and not mark.isascii() else mark for mark in text
        )
        text = text.replace("٫", ".").replace("٬", ",").replace("−", "-")
    return _SPACES.sub(" ", text).strip()


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


def read_year(text: str, calendar: str = "gregorian") -> float | None:
    """The year that a text names: "2015 reg", "03/2017", "15.03.2017", "Mar-17", "2014/2015" (the later),
    "15년 03월", "'15", "平成27年".

    A number that is no year comes back as it is, to be found outside the limits.
    """
    text = tidy_text(text)
    if calendar == "japanese" and (era := _JAPANESE.match(text)):
        return float(_ERAS[era[1]] + (1 if era[2] == "元" else int(era[2])))
    if calendar not in WESTERN:
        found = re.search(r"(?<![0-9])[0-9]{2,4}(?![0-9])", text)
        return float(CALENDARS[calendar](int(found.group()))) if found else None
    years = _YEAR.findall(text)
    if years:
        return float(max(years) if len(years) <= 2 else years[0])
    alone = _TWO_DIGITS.match(text) if calendar == TWO_DIGITS else None
    if short := alone or _SHORT_YEAR.match(text) or _KOREAN.match(text) or _APOSTROPHE_YEAR.match(text):
        return float(int(short[1]) + (1900 if int(short[1]) >= PIVOT else 2000))
    if re.fullmatch(r"(?:19|20)[0-9]{4}(?:[0-9]{2})?", text):
        return float(text[:4])
    try:
        number = float(text)
    except ValueError:
        return None
    # A float is looked for in a range one by one.
    if calendar == SPREADSHEET and EXCEL_DAYS[0] <= number <= EXCEL_DAYS[-1]:
        return float((EXCEL_EPOCH + timedelta(days=int(number))).year)
    return number if number == number and abs(number) < 1e300 else None


def read_day(text: str, day_first: bool | None = None) -> int | None:
    """The proleptic ordinal of the day that a text names, with or without a time; None where none can be read.

    2020-12-31, 2020/12/31, 31.12.2020, 20201231, "31 Dec 2020", "Tue Dec 16 2014 12:30", a spreadsheet's number.
    01/02/2020 is another day in another country: day_first says which, and without it such a text is not read.
    """
    text = tidy_text(text)
    if match := re.match(r"^([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?![0-9])", text):
        return _ordinal(int(match[1]), int(match[2]), int(match[3]))
    if match := re.match(r"^([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日", text):
        return _ordinal(int(match[1]), int(match[2]), int(match[3]))
    if match := re.match(r"^([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})(?![0-9.])", text):
        return _ordinal(int(match[3]), int(match[2]), int(match[1]))
    if match := re.match(r"^([0-9]{1,2})[/-]([0-9]{1,2})[/-]([0-9]{4})(?![0-9])", text):
        return _read_slashed(int(match[1]), int(match[2]), int(match[3]), day_first)
    if re.fullmatch(r"(?:19|20)[0-9]{6}", text):
        return _ordinal(int(text[:4]), int(text[4:6]), int(text[6:]))
    if re.fullmatch(r"[0-9]{5}(?:\.[0-9]+)?", text) and int(float(text)) in EXCEL_DAYS:
        return EXCEL_EPOCH.toordinal() + int(float(text))
    return _read_month_name(text)


def _read_slashed(one: int, other: int, year: int, day_first: bool | None) -> int | None:
    if day_first is None:
        if one <= 12 and other <= 12 and one != other:
            return None
        day_first = one > 12
    return _ordinal(year, other, one) if day_first else _ordinal(year, one, other)


def _read_month_name(text: str) -> int | None:
    words = re.findall(r"[^\W\d_]+|[0-9]+", text.split(":")[0])
    months = [MONTHS[word] for word in map(_month_key, words) if word in MONTHS]
    numbers = [int(word) for word in words if word.isdigit()]
    years = [number for number in numbers if 1900 <= number <= 2100]
    days = [number for number in numbers if 1 <= number <= 31]
    return _ordinal(years[0], months[0], days[0]) if months and years and days else None


def _month_key(word: str) -> str:
    """A month's name in the form that MONTHS has: Russian ones of dates by their first letters."""
    key = word.casefold()
    return key if key in MONTHS else key[:3]


def _ordinal(year: int, month: int, day: int) -> int | None:
    try:
        return date(year, month, day).toordinal()
    except ValueError:
        return None


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
