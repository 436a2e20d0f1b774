"""What a column of an unknown file holds: missing texts, numbers and how they are written, distinct values."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial

import polars as pl

from carprice.drafting.names import split_words, squash_name, squash_words
from carprice.drafting.vocabulary import ROLE_NAMES, ROLE_VALUES
from carprice.market.market_file import Decimal
from carprice.market.quantities import (
    EXCEL_DAYS,
    SPREADSHEET,
    Quantity,
    read_day,
    read_quantity,
    read_year,
    tidy_text,
)
from carprice.market.units import CURRENCIES, MAGNITUDES, find_currencies, find_unit, split_tokens

MISSING_WORDS = frozenset(
    "- -- --- . ? ?? n/a na n.a. #n/a nan null none nil unknown missing unspecified undefined other? k.a. tbd tba "  # noqa: SIM905
    "неизвестно нет_данных desconocido inconnu unbekannt 不明 未知".split()
) | {"not known", "not specified", "not available", "keine angabe", "no data", "нет данных", "unknown unknown"}
MIN_NUMBER_SHARE = 0.9
"""The share of texts that must be numbers for a column to be one of numbers."""
MIN_PRICE_SHARE = 0.5
MIN_UNIT_SHARE, MIN_ODD_UNIT_SHARE = 0.5, 0.9
"""The share of texts with a unit that is known, or with a word that is then the unit."""
MIN_WORD_SHARE = 0.005
MAX_WORDS_BESIDE = 2
MAX_WORDS = 8
"""With more different words beside its numbers, a text is a sentence."""
YEARS = (1900.0, 2100.0)
OTHER_YEARS = {"solar hijri": (1330.0, 1420.0), "buddhist": (2480.0, 2600.0), "minguo": (60.0, 130.0)}
"""In which used cars were built, in calendars whose years are no years of ours."""
MIN_DAY_SHARE, MIN_YEAR_OR_DAY_SHARE = 0.05, 0.9
"""Of a column of years in which a spreadsheet's days are no slips, such as a mileage in the wrong column."""

_CORE = re.compile(r"[0-9][0-9.,]*[0-9]|[0-9]")
_PER_DISTANCE = re.compile(r"/\s*100\s*(?:km|км)")
_PER_VOLUME = re.compile(r"[0-9]\s*km\s*/\s*l", re.IGNORECASE)
_VALUES = frozenset(word for words in ROLE_VALUES.values() for word in words.casefold().split())
_YEAR_NAMES = frozenset(squash_words(ROLE_NAMES["year"]))
_DATE_NAME = {"date", "datum", "fecha", "data", "day", "seen", "дата"}


@dataclass(frozen=True)
class Numbers:
    """How a column writes its numbers.

    values: null where unreadable, magnitudes multiplied in. unit: what they are in, where it is beside them.
    words: of the other words beside them, as they are mostly written, the share of the texts that have each.
    currencies: of each code that a sign beside them may mean the share of texts.
    """

    values: pl.Series
    decimal: Decimal
    unit: str
    words: dict[str, float] = field(default_factory=dict)
    currencies: dict[tuple[str, ...], float] = field(default_factory=dict)
    has_magnitudes: bool = False

    def quantile(self, share: float) -> float:
        """The value below which that share of the numbers lies."""
        return float(self.values.quantile(share, "nearest") or 0.0)


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
        return self.numbers or read_numbers(self.texts, MIN_PRICE_SHARE)

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many rows have each text, the most frequent first."""
        return _count_texts(self.texts)

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

    @property
    def year_share(self) -> float:
        """The share of known texts that name a year."""
        return (self.years.len() - self.years.null_count()) / max(self.known, 1)

    def share_with(self, pattern: str) -> float:
        """The share of known texts in which a pattern is found."""
        return float(self.texts.drop_nulls().str.contains(pattern).mean() or 0.0)  # type: ignore[arg-type]


def profile_column(column: pl.Series) -> Profile:
    """Look at one column of raw text."""
    trimmed = column.str.strip_chars()
    is_missing = trimmed.is_null() | (trimmed == "") | trimmed.str.to_lowercase().is_in(list(MISSING_WORDS))
    is_missing |= trimmed.is_in(_find_placeholders(trimmed)).fill_null(False)
    missing = trimmed.filter(is_missing & (trimmed != "").fill_null(False)).unique().sort()
    texts = trimmed.set(is_missing, None)
    known = texts.drop_nulls()
    is_date, day_first = _find_dates(column.name, _count_texts(texts))
    return Profile(
        column=column.name,
        texts=texts,
        missing=tuple(missing),
        distinct=known.n_unique(),
        numbers=read_numbers(texts) if known.len() else None,
        is_date=is_date,
        day_first=day_first,
    )


def _find_placeholders(texts: pl.Series) -> list[str]:
    """The one negative number of a column, such as -1, which no car has; none where there are more."""
    negative = texts.filter(texts.str.contains(r"^-[0-9]+(?:\.0)?$").fill_null(False)).unique()
    return negative.to_list() if negative.len() == 1 else []


def map_texts(texts: pl.Series, read: Callable[[str], float | None]) -> pl.Series:
    """read applied to each text, once to equal ones: Float64."""
    found = {text: read(text) for text in texts.drop_nulls().unique()}
    if not found:
        return pl.Series(texts.name, [None] * texts.len(), pl.Float64)
    return texts.replace_strict(list(found), list(found.values()), default=None, return_dtype=pl.Float64)


def _read_digits(text: str) -> float | None:
    digits = tidy_text(text)
    return float(digits) if re.fullmatch(r"[0-9]{2,4}", digits) else None


def read_numbers(texts: pl.Series, min_share: float = MIN_NUMBER_SHARE) -> Numbers | None:
    """The numbers of a column, or None where fewer than min_share of its known texts are numbers."""
    counts = _count_texts(texts)
    known = sum(counts.values())
    decimal = _find_decimal(counts)
    read = {text: found for text in counts if (found := read_quantity(text, decimal)) and _is_short(found)}
    if not known or sum(counts[text] for text in read) < min_share * known:
        return None
    words = _count_words(read, counts)
    if len([word for word in words if not _is_measure(word)]) > MAX_WORDS:
        return None
    unit = _find_unit(words, counts, known)
    others = {} if _follow_numbers(read) else {word: count / known for word, count in words.items()}
    return Numbers(
        values=map_texts(texts, lambda text: read[text].number if text in read else None),
        decimal=decimal,
        unit=unit,
        words={
            _spell(word, counts): share
            for word, share in others.items()
            if share >= MIN_WORD_SHARE and word != unit.casefold() and not _is_measure(word)
        },
        currencies=_count_currencies(read, counts, known),
        has_magnitudes=any(found.has_magnitude for found in read.values()),
    )


def _count_texts(texts: pl.Series) -> dict[str, int]:
    counts = texts.drop_nulls().alias("text").value_counts(sort=True, name="count")
    return dict(counts.sort("count", "text", descending=[True, False]).iter_rows())


def _is_short(found: Quantity) -> bool:
    """Whether a text is a number with hardly a word beside it, not a sentence with a number in it."""
    return sum(not _is_measure(word) for word in found.words) <= MAX_WORDS_BESIDE


def _count_words(read: dict[str, Quantity], counts: dict[str, int]) -> Counter[str]:
    words: Counter[str] = Counter()
    for text, found in read.items():
        for word in set(found.words):
            words[word] += counts[text]
    return words


def _is_measure(word: str) -> bool:
    return bool(find_unit(word)) or word in CURRENCIES or not any(letter.isalpha() for letter in word)


def _find_unit(words: Counter[str], counts: dict[str, int], known: int) -> str:
    per_distance = sum(count for text, count in counts.items() if _PER_DISTANCE.search(text))
    if per_distance >= MIN_UNIT_SHARE * known:
        return "l/100 km" if words["l"] + words["л"] else "/100 km"
    if sum(count for text, count in counts.items() if _PER_VOLUME.search(text)) >= MIN_UNIT_SHARE * known:
        return "km/l"
    units: Counter[str] = Counter()
    for word, count in words.items():
        if found := find_unit(word):
            units[found] += count
    if units and units.most_common(1)[0][1] >= MIN_UNIT_SHARE * known:
        return units.most_common(1)[0][0]
    common = [(word, count) for word, count in words.most_common(1) if word.isalpha() and word not in _VALUES]
    odd = [(word, count) for word, count in common if not _is_measure(word)]
    return next((word for word, count in odd if count >= MIN_ODD_UNIT_SHARE * known), "")


def _follow_numbers(read: dict[str, Quantity]) -> bool:
    """Whether each number always has the same words, such as plural forms, which then say nothing more."""
    words: dict[float, set[tuple[str, ...]]] = {}
    for found in read.values():
        words.setdefault(found.number, set()).add(found.words)
    return all(len(found) == 1 for found in words.values())


def _spell(word: str, counts: dict[str, int]) -> str:
    """A word as it is mostly written."""
    for text in counts:
        if match := re.search(re.escape(word), tidy_text(text), re.IGNORECASE):
            return match.group()
    return word


def _count_currencies(
    read: dict[str, Quantity], counts: dict[str, int], known: int
) -> dict[tuple[str, ...], float]:
    shares: Counter[tuple[str, ...]] = Counter()
    for text, found in read.items():
        shares[find_currencies(list(found.words))] += counts[text]
    return {codes: count / known for codes, count in shares.most_common() if codes}


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


def _find_decimal(counts: dict[str, int]) -> Decimal:
    """The mark before a fraction, by the numbers whose marks can be only one of both."""
    # Before lakh or thousand a mark is that of a fraction: 1.234 lakh.
    plain = {text: count for text, count in counts.items() if not MAGNITUDES.keys() & {*split_tokens(text)}}
    cores = [(core, count) for text, count in plain.items() for core in _CORE.findall(tidy_text(text))[:1]]

    def count_like(shape: str) -> int:
        pattern = re.compile(shape)
        return sum(count for core, count in cores if pattern.fullmatch(core))

    commas = count_like(r"[0-9.]+,(?:[0-9]{1,2}|[0-9]{4,})")
    points = count_like(r"[0-9,]+\.(?:[0-9]{1,2}|[0-9]{4,})")
    if commas or points:
        return "," if commas > points else "."
    grouped = count_like(r"[0-9]{1,3}(?:\.[0-9]{3})+")
    # 1.998 may be litres; 12.500 is a thousand's point.
    wide = count_like(r"[0-9]{2,3}(?:\.[0-9]{3})+|[0-9]{1,3}(?:\.[0-9]{3}){2,}")
    return "," if grouped > sum(count for _, count in cores) / 2 and wide > grouped / 5 else "."
