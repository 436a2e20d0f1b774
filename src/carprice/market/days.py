"""Years and days as people write them: one text in, one value out."""

import re
from collections.abc import Callable
from datetime import date, timedelta

from carprice.market.tidy import tidy_text

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
