"""Makes at the beginning of names of cars, and what stands before them: a year, words of an offer."""

import re
from collections.abc import Iterable
from functools import cache

from carprice.drafting.columns.profile import Profile
from carprice.drafting.columns.vocabulary import GLUED_MAKES, MAKES, OFFER_WORDS

YEAR_BEFORE = r"(?:(?:19|20)[0-9]{2}\s+)?"
TWO_YEARS_BEFORE = r"(?:(?:19|20)[0-9]{2}(?:/(?:19|20)?[0-9]{2})?\s+)?"
"""The same where some names begin with a year and the next one, as 2018/2019 and 2018/19."""
DASH_BEFORE = r"(?:[|:\u2013-]\s+)?"
"""Behind the year before a name."""
SHORT_YEAR_BEFORE = r"(?:['`\u2019][0-9]{2}\s+)?"


def offer_pattern(words: Iterable[str]) -> str:
    """The pattern of such words before a name."""
    return rf"(?:(?:{'|'.join(re.escape(word) for word in sorted(words, key=len, reverse=True))})[\s:,-]+)"


_BEFORE_NAME = re.compile(
    rf"^\s*{offer_pattern(OFFER_WORDS.split('|'))}?{TWO_YEARS_BEFORE}{SHORT_YEAR_BEFORE}{DASH_BEFORE}"
)
_MAKES = frozenset(MAKES.split())
_GLUED_MAKES = tuple(GLUED_MAKES.split())


def make_share(profile: Profile) -> float:
    """The share of texts that begin with a make, a year before it or not."""
    known = sum(profile.counts.values())
    return sum(count for text, count in profile.counts.items() if _begins_with_make(text)) / max(known, 1)


def is_make(word: str) -> bool:
    """Whether a word in small letters is the first one of a make."""
    return word in _MAKES


def find_glued_make(text: str) -> str:
    """The make that a text without blanks begins with, as 大众POLO; empty where it does not."""
    return next((make for make in _GLUED_MAKES if text.startswith(make)), "")


def cut_year(text: str) -> str:
    """A name in small letters, without a year, or words of an offer, before it."""
    return _BEFORE_NAME.sub("", text.casefold())


@cache
def _begins_with_make(text: str) -> bool:
    words = cut_year(text).split()
    return bool(words) and (is_make(words[0]) or bool(find_glued_make(words[0])))
