"""The make and the model of names that a mark joins, as in BMW/X5 and bmw_x5, or whose make is last: X5 BMW."""

from collections.abc import Iterator, Set

from carprice.drafting.columns.joined_makes import (
    END,
    FIRST,
    MARK,
    MARKS,
    WORD_FIRST,
    WORD_LAST,
    begin_with,
    end_with,
    find_joint,
    list_long_makes,
    or_long,
)
from carprice.drafting.columns.profile import Profile
from carprice.drafting.taken_apart import Part

MIN_LONG = 0.5
"""Of such names, so many have a version behind the model."""


def find_joined_parts(profile: Profile, taken: Set[str]) -> list[Part]:
    """The make, the model and the version of such names, none that is in taken; empty for other texts."""
    joint = find_joint(profile)
    if not joint:
        return []
    long = list_long_makes(profile)
    parts = (
        _part_at_marks(profile, or_long(long, WORD_FIRST))
        if joint == FIRST
        else _part_before(or_long(long, WORD_LAST))
    )
    return [part for part in parts if part.name not in taken]


def _part_at_marks(profile: Profile, make: str) -> Iterator[Part]:
    """The make up to the first mark; the model up to the next one, where most names have more behind it."""
    head, model = rf"^\s*(?:{make}){MARK}", rf"[^{MARKS}]*[^\s{MARKS}]"
    yield Part("make", "category", begin_with(make))
    if profile.share_with(rf"{head}{model}{MARK}\S") < MIN_LONG:
        yield Part("model", "category", rf"{head}(\S.*?)\s*$")
        return
    yield Part("model", "category", rf"{head}({model})")
    yield Part("version", "category", rf"{head}{model}(?:{MARK}(\S.*?))?\s*$")


def _part_before(make: str) -> Iterator[Part]:
    """The make that is last, a year behind it or not, and the model before it."""
    yield Part("make", "category", end_with(make))
    yield Part("model", "category", rf"^\s*(\S.*?)\s*[\s,(/](?:{make}){END}")
