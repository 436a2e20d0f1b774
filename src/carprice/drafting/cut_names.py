"""Files whose names of cars were parted at each blank: Land | Rover | 2015 of "Land Rover Discovery 2015"."""

from collections.abc import Sequence

import polars as pl

from carprice.drafting.columns.makes import cut_year, make_share
from carprice.drafting.columns.profile import Profile
from carprice.drafting.columns.vocabulary import MAKES_OF_TWO_WORDS, MODEL_BEGINNINGS
from carprice.drafting.name_parts import has_years
from carprice.drafting.writing import quote

MIN_SHARE = 0.9
"""Of rows, so many have the first and the second word of the name in the columns of the make and the model."""
MIN_CUT, SAMPLE_ROWS = 0.01, 5_000
"""Of rows, so many have a make, or a model, of which the blank cut a part off."""

_FIRST = frozenset(MODEL_BEGINNINGS.casefold().split()) | {"mark", "x"}
_LONG_MAKES = tuple(make.casefold() for make in MAKES_OF_TWO_WORDS)

Cut = dict[str, str]
"""By column, why it is left out."""


def take_whole_names(profiles: Sequence[Profile], roles: dict[str, Profile]) -> tuple[dict[str, Profile], Cut]:
    """The roles with the column of whole names as the make's, and the columns that have but its first words.

    The year is read out of the name too where that has one and the year's column is shifted with the others.
    """
    if not {"make", "model"} <= {*roles}:
        return roles, {}
    make, model, year = roles["make"], roles["model"], roles.get("year")
    others = [profile for role, profile in roles.items() if role != "year"]
    for name in profiles:
        if name not in others and name.numbers is None and _is_cut(name, make, model):
            left = [make, model]
            if year and year is not name and year.year_share < 1 and has_years(name):
                left.append(year)
            kept = {role: profile for role, profile in roles.items() if profile not in (*left, name)}
            reason = f"it has but one word of {quote(name.column)}"
            return {"make": name, **kept}, {profile.column: reason for profile in left}
    return roles, {}


def _is_cut(name: Profile, make: Profile, model: Profile) -> bool:
    if any(profile.share_with(r"\s") > 0 for profile in (make, model)) or make_share(name) < MIN_SHARE:
        return False
    columns = {"name": name.texts, "make": make.texts, "model": model.texts}
    rows = list(pl.DataFrame(columns).head(SAMPLE_ROWS).drop_nulls().iter_rows())
    words = [cut_year(text).split() for text, _, _ in rows]
    same = sum(
        found[:2] == [one.casefold(), two.casefold()] for found, (_, one, two) in zip(words, rows, strict=True)
    )
    cut = sum(len(found) > 2 and _goes_on(found) for found in words)
    return bool(rows) and same >= MIN_SHARE * len(rows) and cut >= MIN_CUT * len(rows)


def _goes_on(words: list[str]) -> bool:
    """Whether the first two words of a name are not the make and the model, but only the beginnings of them."""
    return words[1] in _FIRST or " ".join(words).startswith(_LONG_MAKES)
