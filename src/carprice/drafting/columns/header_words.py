"""What a column's name alone says: a unit, a place, a model, horsepower by which a car is taxed."""

import re

from carprice.drafting.columns.names import split_words, squash_name, squash_words
from carprice.drafting.columns.vocabulary import (
    FISCAL_WORDS,
    HORSE_WORDS,
    MORE_PLACE_WORDS,
    PLACE_WORDS,
    ROLE_NAMES,
)
from carprice.market.units import find_unit

NAMED_UNITS = frozenset("kw hp bhp ps cv cc ccm cm3 horsepower hästkrafter hestekrefter".split())  # noqa: SIM905

_MIN_END = 6
_FISCAL, _HORSES = (frozenset(squash_words(words)) for words in (FISCAL_WORDS, HORSE_WORDS))
_PLACES = frozenset(squash_words(f"{PLACE_WORDS} {MORE_PLACE_WORDS}"))
_MODELS = frozenset(squash_words(ROLE_NAMES["model"])) - {"name", "carname", "cartitle", "auto"}
_LONG_PLACES = tuple(place for place in _PLACES if len(place) >= _MIN_END)


def unit_in_name(column: str) -> str:
    """The unit of power or volume that a column's name ends in, as in powerPS and Power_kW; else empty."""
    ends = (*split_words(column)[-1:], *re.findall(r"[^\W_]+", column.casefold())[-1:])
    return next((find_unit(word) for word in ends if word in NAMED_UNITS), "")


def is_fiscal(column: str) -> bool:
    """Whether a column is called after the horsepower by which a car is taxed."""
    words = {*split_words(column)}
    return bool(words & _FISCAL and words & _HORSES)


def is_model(column: str) -> bool:
    """Whether a column is called after models, and not only names of cars."""
    return bool({*split_words(column), squash_name(column)} & _MODELS)


def is_place(column: str) -> bool:
    """Whether a column is called after where a car is, in a word or at the end of one."""
    words = {*split_words(column), squash_name(column)}
    return any(word in _PLACES or word.endswith(_LONG_PLACES) for word in words)
