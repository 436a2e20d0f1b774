"""What a column of an unknown file holds: missing texts, numbers and how they are written, distinct values."""

import re
from dataclasses import dataclass, replace
from functools import cached_property, partial

import polars as pl

from carprice.drafting.columns.decimals import find_usual_decimal
from carprice.drafting.columns.names import split_words, squash_name, squash_words
from carprice.drafting.columns.numbers import MIN_NUMBER_SHARE, Numbers, count_texts, map_texts, read_numbers
from carprice.drafting.columns.vocabulary import ROLE_NAMES
from carprice.market.days import EXCEL_DAYS, SPREADSHEET, TWO_DIGITS, read_day, read_year
from carprice.market.market_file import Decimal
from carprice.market.tidy import tidy_text
from carprice.market.units import find_unit

MISSING_WORDS = frozenset(
    "- -- --- . ? ?? n/a na n.a. #n/a nan null none nil unknown missing unspecified undefined other? k.a. tbd tba "  # noqa: SIM905
    "n.c n.c. неизвестно нет_данных desconocido inconnu unbekannt 不明 未知".split()
) | {
    "not known",
    "ask the seller",
    "ask seller",
    "¡pregunta al anunciante!",
    "a consultar",
    "auf anfrage",
    "not specified",
    "not available",
    "keine angabe",
    "no data",
    "нет данных",
    "unknown unknown",
}
DASH_BEFORE_UNIT = re.compile(r"[-\u2013\u2014]+\s*(?:\([^()]*\)|([^\s\d]+))")
"""A number that is not known, before its unit: "- kW", "- (l/100 km)" of a site without its number."""
URL = r"^(https?://|www\.)"
MIN_LINK_SHARE = 0.5
MIN_MILEAGE_SHARE = 0.7
"""Of a column that is called a mileage, of which cells may be cut or of other columns."""
MIN_PRICE_SHARE = 0.5
"""Of the texts of prices, which may be words too."""
YEARS = (1900.0, 2100.0)
OTHER_YEARS = {"solar hijri": (1330.0, 1420.0), "buddhist": (2480.0, 2600.0), "minguo": (60.0, 130.0)}
"""In which used cars were built, in calendars whose years are no years of ours."""
TWO_DIGIT_YEAR = r"^[0-9]{1,2}(?:\.0)?$"
MIN_DAY_SHARE, MIN_YEAR_OR_DAY_SHARE = 0.05, 0.9
"""Of a column of years in which a spreadsheet's days are no slips, such as a mileage in the wrong column."""

_MILEAGE_NAMES = frozenset(squash_words(ROLE_NAMES["mileage"]))
_YEAR_NAMES = frozenset(squash_words(ROLE_NAMES["year"]))
_DATE_NAME = {"date", "datum", "fecha", "data", "day", "seen", "дата"}


@dataclass(frozen=True)
class Profile:
    """One column: its trimmed texts (null where missing) and their properties."""

    column: str
    texts: pl.Series
    missing: tuple[str, ...]
    distinct: int
    numbers: Numbers | None
    is_date: bool
    day_first: bool | None
    usual_decimal: Decimal = "."
    """Before a fraction, where the texts do not tell."""

    @property
    def known(self) -> int:
        """How many rows have a text."""
        return self.texts.len() - self.texts.null_count()

    @property
    def missing_rate(self) -> float:
        """The share of rows without a text."""
        return 1 - self.known / max(self.texts.len(), 1)

    @property
    def distinct_rate(self) -> float:
        """Distinct texts per known one: 1 where no two rows are alike."""
        return self.distinct / max(self.known, 1)

    @cached_property
    def loose_numbers(self) -> Numbers | None:
        """The numbers of a column of which up to half may be texts, as prices have them."""
        return self.numbers or read_numbers(self.texts, MIN_PRICE_SHARE, self.usual_decimal)

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many rows have each text, the most frequent first."""
        return count_texts(self.texts)

    @cached_property
    def most_common(self) -> list[str]:
        """The texts, the most frequent first."""
        return list(self.counts)

    @cached_property
    def calendar(self) -> str:
        """Of a column of years: another one where its name says years and nearly all numbers are of one of its
        centuries; `spreadsheet` where most are years or a spreadsheet's days, with some of the latter."""
        numbers = self.texts.cast(pl.Float64, strict=False)
        if numbers.null_count() == self.texts.len():
            numbers = map_texts(self.texts, _read_digits)
        if squash_name(self.column) in _YEAR_NAMES:
            for calendar, years in OTHER_YEARS.items():
                if int(numbers.is_between(*years).sum() or 0) > MIN_YEAR_OR_DAY_SHARE * self.known > 0:
                    return calendar
            if self.share_with(TWO_DIGIT_YEAR) > MIN_YEAR_OR_DAY_SHARE:
                return TWO_DIGITS
        days = int(numbers.is_between(EXCEL_DAYS[0], EXCEL_DAYS[-1]).sum() or 0)
        both = days + int(numbers.is_between(*YEARS).sum() or 0)
        return (
            SPREADSHEET
            if days > MIN_DAY_SHARE * self.known and both > MIN_YEAR_OR_DAY_SHARE * self.known
            else "gregorian"
        )

    @cached_property
    def years(self) -> pl.Series:
        """The year that each text names, null where it names none from 1900 to 2100."""
        years = map_texts(self.texts, partial(read_year, calendar=self.calendar))
        return years.set(~years.is_between(*YEARS) | (years != years.floor()), None)

    @cached_property
    def is_link(self) -> bool:
        """Whether most texts are addresses of the web, whose words and numbers are of no column of its own."""
        return self.share_with(URL) > MIN_LINK_SHARE

    @property
    def year_share(self) -> float:
        """The share of known texts that name a year."""
        return (self.years.len() - self.years.null_count()) / max(self.known, 1)

    def share_with(self, pattern: str) -> float:
        """The share of known texts in which a pattern is found."""
        return float(self.texts.drop_nulls().str.contains(pattern).mean() or 0.0)  # type: ignore[arg-type]


def profile_columns(sample: pl.DataFrame) -> list[Profile]:
    """Look at all columns of raw text: numbers that may be 1.598 or 1,598 are read as others of the file are."""
    profiles = [profile_column(sample[column]) for column in sample.columns]
    usual = find_usual_decimal(profile.counts for profile in profiles if profile.numbers)
    if usual == ".":
        return profiles
    return [
        replace(profile, numbers=_read_numbers(profile.texts, usual), usual_decimal=usual)
        if profile.numbers
        else replace(profile, usual_decimal=usual)
        for profile in profiles
    ]


def profile_column(column: pl.Series) -> Profile:
    """Look at one column of raw text."""
    trimmed = column.str.strip_chars()
    is_missing = trimmed.is_null() | (trimmed == "") | trimmed.str.to_lowercase().is_in(list(MISSING_WORDS))
    is_missing |= trimmed.is_in([*_find_placeholders(trimmed), *_find_dashes(trimmed)]).fill_null(False)
    missing = trimmed.filter(is_missing & (trimmed != "").fill_null(False)).unique().sort()
    texts = trimmed.set(is_missing, None)
    known = texts.drop_nulls()
    is_date, day_first = _find_dates(column.name, count_texts(texts))
    return Profile(
        column=column.name,
        texts=texts,
        missing=tuple(missing),
        distinct=known.n_unique(),
        numbers=_read_numbers(texts) if known.len() else None,
        is_date=is_date,
        day_first=day_first,
    )


def _read_numbers(texts: pl.Series, usual_decimal: Decimal = ".") -> Numbers | None:
    """The numbers of a column, of which more may be unreadable where it is called a mileage."""
    is_mileage = squash_name(texts.name) in _MILEAGE_NAMES
    return read_numbers(texts, MIN_MILEAGE_SHARE if is_mileage else MIN_NUMBER_SHARE, usual_decimal)


def _find_placeholders(texts: pl.Series) -> list[str]:
    """The one negative number of a column, such as -1, which no car has; none where there are more."""
    negative = texts.filter(texts.str.contains(r"^-[0-9]+(?:\.0)?$").fill_null(False)).unique()
    return negative.to_list() if negative.len() == 1 else []


def _find_dashes(texts: pl.Series) -> list[str]:
    """The texts that are a dash before a unit, or before what a site says in brackets of what is not there."""
    dashed = texts.filter(texts.str.contains(r"^[-\u2013\u2014]").fill_null(False)).unique().to_list()
    matches = {text: DASH_BEFORE_UNIT.fullmatch(text) for text in dashed}
    return [text for text, match in matches.items() if match and (match[1] is None or find_unit(match[1]))]


def _read_digits(text: str) -> float | None:
    digits = tidy_text(text)
    return float(digits) if re.fullmatch(r"[0-9]{2,4}", digits) else None


def _find_dates(column: str, counts: dict[str, int]) -> tuple[bool, bool | None]:
    """Whether a column's texts are dates, and where it matters whether the day comes before the month."""
    known = sum(counts.values())
    is_named = bool({*split_words(column)} & _DATE_NAME)
    # A number alone may be a spreadsheet's date, but also a mileage.
    texts = {
        text: count
        for text, count in counts.items()
        if is_named or not text.replace(".", "").isdigit() or len(text) == 8
    }
    for day_first in (None, True, False):
        read = sum(count for text, count in texts.items() if read_day(text, day_first) is not None)
        if known and read >= MIN_NUMBER_SHARE * known:
            return True, day_first
    return False, None
