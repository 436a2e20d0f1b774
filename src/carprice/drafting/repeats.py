"""Columns that say no more than others of the file: copies, ages beside the year, names of makes and models."""

import re
from collections.abc import Mapping, Sequence

import polars as pl

from carprice.drafting.columns.matching import MIN_YEAR_SHARE
from carprice.drafting.columns.profile import Profile
from carprice.drafting.writing import quote

SAMPLE_ROWS = 5_000
WORDS = r"[^\W\d_]{2}"
MIN_SAME, MIN_SAME_RARE = 0.98, 0.9
"""Of a copy's values, and of those that are not its most frequent one, so many are the other column's."""
MIN_VALUES = 3
"""A copy has as many: yes and no agree by chance."""
MAX_VALUES = 200
"""A category of more is not made into columns of yes and no."""
MIN_AGES = 4
"""Ages of cars differ by as much."""


def find_said(profile: Profile, roles: Mapping[str, Profile], drafted: Sequence[Profile]) -> str:
    """The columns, in quotes, that say all that a column says; empty where none do.

    roles: the columns of the make, the model and the year where they are known. drafted: the features so far.
    """
    year = roles.get("year")
    if year is not None and (_is_same_year(profile, year) or _is_age(profile, year)):
        return quote(year.column)
    named = [roles[role] for role in ("make", "model", "year") if role in roles]
    if {"make", "model"} <= roles.keys() and _repeats_words(profile, named):
        return ", ".join(quote(item.column) for item in named)
    others = [item for item in drafted if item.numbers is None and item.distinct <= MAX_VALUES]
    whole = next((item for item in others if profile.distinct == 2 and _says_one_value(profile, item)), None)
    if whole:
        return quote(whole.column)
    copied = next((item for item in drafted if _is_copy(profile, item)), None)
    return quote(copied.column) if copied else ""


def _says_one_value(profile: Profile, whole: Profile) -> bool:
    """Whether a column says yes of one value of another alone, as is_toyota does of the make."""
    pairs = pl.DataFrame({"text": profile.texts, "whole": whole.texts}).drop_nulls().unique()
    is_rare = 1 in pairs["text"].value_counts()["count"]
    return is_rare and pairs.height == pairs["whole"].n_unique() >= MIN_VALUES


def _is_same_year(profile: Profile, year: Profile) -> bool:
    """Whether years or months are those of the car."""
    is_year = not profile.is_date and profile.year_share > MIN_YEAR_SHARE
    if not is_year or profile.share_with(WORDS) >= 1 - MIN_YEAR_SHARE:
        return False
    return float((profile.years == year.years).mean() or 0.0) > MIN_YEAR_SHARE  # type: ignore[arg-type]


def _is_age(profile: Profile, year: Profile) -> bool:
    """Whether numbers and years have the same sum, that of an age in one year or the next."""
    if profile.numbers is None or profile.numbers.quantile(0.95) - profile.numbers.quantile(0.05) < MIN_AGES:
        return False
    sums = (profile.numbers.values.floor() + year.years).drop_nulls()
    if not sums.len():
        return False
    usual = sums.median()
    return float(((sums - usual).abs() <= 1).mean() or 0.0) >= MIN_SAME  # type: ignore[arg-type]


def _repeats_words(profile: Profile, named: Sequence[Profile]) -> bool:
    """Whether all words of nearly every text are in the row's make, model and year."""
    if profile in named or profile.is_date or profile.numbers or profile.distinct < MIN_VALUES:
        return False
    rows = pl.DataFrame(
        [profile.texts.alias("text"), *(item.texts.alias(str(at)) for at, item in enumerate(named))]
    )
    sample = rows.head(SAMPLE_ROWS).drop_nulls()
    said = sum(_words_of(text) <= _words_of(" ".join(known)) for text, *known in sample.iter_rows())
    return said > MIN_YEAR_SHARE * sample.height


def _is_copy(profile: Profile, other: Profile) -> bool:
    """Whether nearly all values of a column, also the rarer ones, are those of another."""
    if profile is other or profile.distinct < MIN_VALUES:
        return False
    one, two = (
        (profile.numbers.values, other.numbers.values)
        if profile.numbers and other.numbers
        else (profile.texts.str.to_lowercase(), other.texts.str.to_lowercase())
    )
    both = pl.DataFrame([one.alias("one"), two.alias("two")]).head(SAMPLE_ROWS).filter(pl.col("one").is_not_null())
    if not both.height:
        return False
    same = (both["one"] == both["two"]).fill_null(False)
    rare = same.filter(both["one"] != both["one"].mode()[0])
    return bool(same.mean() >= MIN_SAME and rare.len() and rare.mean() >= MIN_SAME_RARE)  # type: ignore[operator]


def _words_of(text: str) -> set[str]:
    return {*re.findall(r"\w+", text.casefold())}
