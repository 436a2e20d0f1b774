"""What a column of an unknown file holds: missing texts, numbers and how they are written, distinct values."""

from dataclasses import dataclass

import polars as pl

from carprice.listings.parsing import parse_day, parse_value
from carprice.market.market_file import Decimal, Feature

MISSING_WORDS = (
    *("-", "--", "---", ".", "?", "n/a", "na", "n.a.", "#n/a", "nan", "null", "none", "nil"),
    *("unknown", "not known", "missing", "unspecified", "not specified", "k.a.", "keine angabe"),
)
MIN_NUMBER_SHARE = 0.9
"""The share of texts that must be numbers for a column to be one of numbers."""
MIN_UNIT_SHARE = 0.5
MIN_SUFFIX_SHARE = 0.005
MAX_FLAGS = 3
MAX_SUFFIXES = 8
SYMBOLS = "£$€¥₹₽₴₾"

NUMBER_PATTERN = r"(-?[0-9]+(?:[.,'\s][0-9]+)*)"
_SHAPE = rf"^[{SYMBOLS}]?\s*{NUMBER_PATTERN}\s*((?:[{SYMBOLS}%]|\p{{L}})[^0-9]*[23³]?)?$"


@dataclass(frozen=True)
class Numbers:
    """How a column writes its numbers.

    values: null where unreadable. unit: what most of them end in. suffixes: what some of them end in.
    """

    values: pl.Series
    pattern: str
    decimal: Decimal
    unit: str
    suffixes: tuple[str, ...]

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

    @property
    def most_common(self) -> list[str]:
        """The texts, the most frequent first."""
        counts = self.texts.drop_nulls().value_counts(sort=True)
        return [
            str(text) for text in counts.sort("count", counts.columns[0], descending=[True, False]).to_series()
        ]


def profile_column(column: pl.Series) -> Profile:
    """Look at one column of raw text."""
    trimmed = column.str.strip_chars()
    is_missing = trimmed.is_null() | (trimmed == "") | trimmed.str.to_lowercase().is_in(MISSING_WORDS)
    missing = trimmed.filter(is_missing & (trimmed != "").fill_null(False)).unique().sort()
    texts = trimmed.set(is_missing, None)
    known = texts.drop_nulls()
    return Profile(
        column=column.name,
        texts=texts,
        missing=tuple(missing),
        distinct=known.n_unique(),
        numbers=read_numbers(texts) if known.len() else None,
        is_date=_are_dates(known),
    )


def _are_dates(known: pl.Series) -> bool:
    days = known.alias("text").to_frame().select(parse_day(pl.col("text"))).to_series()
    return known.len() > 0 and days.len() - days.null_count() >= MIN_NUMBER_SHARE * known.len()


def read_numbers(texts: pl.Series, min_share: float = MIN_NUMBER_SHARE) -> Numbers | None:
    """The numbers of a column, or None where fewer than min_share of its known texts are numbers."""
    known = texts.drop_nulls()
    shapes = known.str.extract_groups(_SHAPE).struct.unnest()
    cores, suffixes = shapes.to_series(0), shapes.to_series(1).str.strip_chars()
    if cores.len() - cores.null_count() < min_share * known.len():
        return None
    counts = suffixes.drop_nulls().value_counts(sort=True)
    if counts.height > MAX_SUFFIXES:
        return None
    decimal = _find_decimal(cores.drop_nulls())
    plain = _parse(texts, "", decimal)
    pattern = (
        "" if plain.null_count() <= texts.null_count() + (1 - min_share) * known.len() / 2 else NUMBER_PATTERN
    )
    values = _parse(texts, pattern, decimal) if pattern else plain
    shares = [(str(suffix), count / known.len()) for suffix, count in counts.iter_rows()]
    unit = next((suffix for suffix, share in shares if share >= MIN_UNIT_SHARE), "")
    others = [suffix for suffix, share in shares if MIN_SUFFIX_SHARE <= share < MIN_UNIT_SHARE][:MAX_FLAGS]
    return Numbers(values, pattern, decimal, unit, () if unit else tuple(others))


def _parse(texts: pl.Series, pattern: str, decimal: Decimal) -> pl.Series:
    feature = Feature("value", "text", "number", pattern=pattern, decimal=decimal)
    return texts.alias("text").to_frame().select(parse_value(feature, pl.col("text")).alias("value")).to_series()


def _find_decimal(cores: pl.Series) -> Decimal:
    commas = cores.str.contains(r",[0-9]{1,2}$").sum()
    points = cores.str.contains(r"\.[0-9]{1,2}$").sum()
    grouped = cores.str.contains(r"^[0-9]{1,3}(\.[0-9]{3})+$").sum()
    # 1.998 may be litres; 12.500 is a thousand's point.
    wide = cores.str.contains(r"^[0-9]{2,3}(\.[0-9]{3})+$").sum()
    is_grouped = grouped > cores.len() / 2 and not points and wide > grouped / 5
    return "," if commas > points or is_grouped else "."
