"""Columns of names whose make a mark or the model stands before: BMW/X5, bmw_x5, X5 BMW."""

import re
from collections.abc import Sequence

from carprice.drafting.columns.makes import is_make, make_share
from carprice.drafting.columns.profile import Profile
from carprice.drafting.columns.vocabulary import MAKES_OF_TWO_WORDS

MIN_KNOWN, MIN_FITTING = 0.5, 0.9
"""Of such names, so many have a make that is known, and fit the pattern."""
MARKS = "/_,|;"
MARK = rf"\s*[{MARKS}][\s{MARKS}]*"
WORD_FIRST, WORD_LAST = rf"[^{MARKS}]+?", r"[^\s,(/)]+"
"""The pattern of a make of one word before a mark, and at the end."""
END = r"\)?(?:[\s,]+(?:19|20)[0-9]{2})?\s*$"
_LONG_MAKES = frozenset(make.casefold() for make in MAKES_OF_TWO_WORDS)


def begin_with(make: str) -> str:
    """The pattern of a make before a mark."""
    return rf"^\s*({make}){MARK}[^\s{MARKS}]"


def end_with(make: str) -> str:
    """The pattern of a make at the end, before a year or not."""
    return rf"[\s,(/]({make}){END}"


def or_long(makes: Sequence[str], word: str) -> str:
    """The pattern of a make of several words, or of one."""
    long = "|".join(re.escape(make).replace(r"\ ", r"[\s_]") for make in makes)
    return rf"(?i:{long})|{word}" if makes else word


FIRST, LAST = (
    begin_with(or_long(MAKES_OF_TWO_WORDS, WORD_FIRST)),
    end_with(or_long(MAKES_OF_TWO_WORDS, WORD_LAST)),
)


def find_joint(profile: Profile) -> str:
    """Where the make is in such names: the pattern FIRST or LAST; empty for other texts, such as 2015 Ford."""
    if _has_makes(profile, FIRST):
        return FIRST
    return LAST if _has_makes(profile, LAST) and make_share(profile) < MIN_KNOWN else ""


def list_long_makes(profile: Profile) -> list[str]:
    """The makes of several words that are somewhere in a column."""
    return [make for make in MAKES_OF_TWO_WORDS if profile.share_with(rf"(?i){or_long([make], '$^')}") > 0]


def _has_makes(profile: Profile, pattern: str) -> bool:
    """Whether nearly all texts fit a pattern, whose group is a make in most."""
    if profile.numbers or not profile.known or profile.share_with(pattern) < MIN_FITTING:
        return False
    found = ((re.search(pattern, text), count) for text, count in profile.counts.items())
    known = sum(count for match, count in found if match and _is_whole_make(match[1]))
    return known > MIN_KNOWN * profile.known


def _is_whole_make(text: str) -> bool:
    make = text.casefold().replace("_", " ")
    return is_make(make) or make in _LONG_MAKES
