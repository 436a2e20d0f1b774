"""Texts that columns of fuels, gearboxes and the like have."""

import re
from functools import cache

from carprice.drafting.columns.profile import Profile
from carprice.drafting.columns.vocabulary import ROLE_VALUES

MIN_VALUE_SHARE = 0.5
MAX_VALUES = 200
"""Fuels, gearboxes and the like have no more values."""
VALUES = {role: frozenset(words.casefold().split()) for role, words in ROLE_VALUES.items()}


def value_share(profile: Profile, role: str) -> float:
    """The share of texts that are, or begin with, a value that the role's columns have."""
    if profile.distinct > MAX_VALUES:
        return 0.0
    known = sum(profile.counts.values())
    return sum(count for text, count in profile.counts.items() if is_value(text, role)) / max(known, 1)


@cache
def is_value(text: str, role: str) -> bool:
    """Whether a text is, or begins with, a value that the role's columns have."""
    words = re.split(r"[\s,/(;|]+", text.casefold())
    return words[0] in VALUES[role] or text.casefold() in VALUES[role]
