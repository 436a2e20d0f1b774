"""Files that call the trims of their cars models: which column then has the models."""

from collections.abc import Sequence
from functools import cache

import polars as pl

from carprice.drafting.columns.makes import cut_year, is_make
from carprice.drafting.columns.matching import NAMES
from carprice.drafting.columns.names import split_words, squash_name, squash_words
from carprice.drafting.columns.profile import Profile
from carprice.drafting.columns.vocabulary import MAKES_OF_TWO_WORDS

MIN_SHARE = 0.5
MIN_SHARED = 0.15
"""Trims belong to several models: of the listings, so many have a trim that another model has too."""
MAX_TRIM_RATE = 0.5
"""Distinct trims per row: with more, nearly every row has its own."""
SAMPLE_ROWS = 20_000
SERIES_WORDS = frozenset(squash_words("line series range family class nameplate"))
"""Besides those of models, names of columns of models where another has their trims."""
_SERIES = SERIES_WORDS | {*NAMES["model"]} - {"name", "carname", "cartitle", "auto"}
_LONG_MAKES = frozenset(make.casefold() for make in MAKES_OF_TWO_WORDS)


def part_trims(profiles: Sequence[Profile], roles: dict[str, Profile]) -> dict[str, Profile]:
    """The roles, with the model's column as the trim's where the model stands in the make's or in another one."""
    if "make" not in roles or "model" not in roles:
        return roles
    make, model = roles["make"], roles["model"]
    free = [profile for profile in profiles if profile not in roles.values() or profile is roles.get("trim")]
    series = _find_series(free, make, model)
    if series is None and not (_has_models(make) and not _stands_in(model, make)):
        return roles
    found = {role: profile for role, profile in roles.items() if role != "model" and profile is not series}
    if series is not None:
        found["model"] = series
    if model.distinct_rate <= MAX_TRIM_RATE:
        found.setdefault("trim", model)
    return found


def _has_models(make: Profile) -> bool:
    """Whether most makes have a word behind them, after the year before them."""
    long = sum(count for text, count in make.counts.items() if _has_word_behind_make(text))
    return long > MIN_SHARE * make.known


@cache
def _has_word_behind_make(text: str) -> bool:
    words = cut_year(text).split()
    return len(words) > 2 or (
        len(words) == 2 and " ".join(words) not in _LONG_MAKES and is_make(words[0]) and not is_make(words[1])
    )


def stands_in_longer(part: Profile, profiles: Sequence[Profile]) -> bool:
    """Whether most texts of a column are in those of another, which say more."""
    others = (one for one in profiles if one is not part and one.numbers is None and one.distinct > part.distinct)
    return any(_stands_in(part, other) for other in others)


def _stands_in(part: Profile, whole: Profile) -> bool:
    """Whether most texts of a column are in those of another."""
    both = pl.DataFrame({"part": part.texts, "whole": whole.texts}).head(SAMPLE_ROWS).drop_nulls()
    found = sum(one.casefold() in other.casefold() for one, other in both.iter_rows())
    return found > MIN_SHARE * both.height


def _find_series(free: Sequence[Profile], make: Profile, model: Profile) -> Profile | None:
    """A column that is called after models too, of one make each, several of which share the texts of `model`."""
    found = []
    for profile in free:
        is_named = {squash_name(profile.column), *split_words(profile.column)} & _SERIES
        if is_named and profile.numbers is None and make.distinct < profile.distinct < model.distinct:
            pairs = pl.DataFrame({"one": profile.texts, "make": make.texts, "model": model.texts}).drop_nulls()
            has_one_make = pairs.select("one", "make").n_unique() < 1.1 * profile.distinct
            is_shared = pairs.select(pl.col("one").n_unique().over("make", "model") > 1).to_series()
            if has_one_make and float(is_shared.mean() or 0.0) > MIN_SHARED:  # type: ignore[arg-type]
                found.append(profile)
    return max(found, key=lambda profile: profile.distinct, default=None)
