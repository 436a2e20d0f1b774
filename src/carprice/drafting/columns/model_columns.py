"""Which column has the models of cars, where none is called so or the one that is has none."""

from collections.abc import Sequence

import polars as pl

from carprice.drafting.columns.header_words import is_place
from carprice.drafting.columns.names import split_words, squash_name, squash_words
from carprice.drafting.columns.profile import Profile
from carprice.drafting.columns.role_values import MIN_VALUE_SHARE, VALUES, value_share
from carprice.drafting.columns.vocabulary import LEFT_OUT_WORDS, SELLER_WORDS

LITRES_FIRST = r"^[0-9][.,][0-9]\b"
"""How versions begin, and no models: 2.0 Sport."""
TITLES = frozenset(squash_words("title titel titre titulo título titolo tytuł titul otsikko rubrik заголовок"))
SEVERAL_WORDS = r"\S\s+\S"
MIN_NAMED, SAMPLE_ROWS = 0.5, 5_000
"""Of names of cars, so many have the make of their row in them."""
MAX_NAME_LENGTH = 60
"""Letters of a name of a car, on the mean; a longer text is a description."""

_OTHERS = frozenset(squash_words(f"{LEFT_OUT_WORDS['nobody can answer it who asks for a price']} {SELLER_WORDS}"))

Roles = dict[str, Profile]


def is_of_listing(column: str) -> bool:
    """Whether a column is called after a listing or its seller."""
    return bool({*split_words(column), squash_name(column)} & _OTHERS)


def settle_models(profiles: Sequence[Profile], roles: Roles) -> Roles:
    """The roles, with the models' column where versions, or names of cars, have them."""
    found = dict(roles)
    if "model" not in found and "trim" in found and _has_models(found["trim"], found):
        found["model"] = found.pop("trim")
    if "model" not in found and (names := _find_names(profiles, found) or _find_titles(profiles, found)):
        found["model"] = names
    return found


def name_versions(roles: Roles) -> Roles:
    """The roles, with versions that are called models as the trim."""
    if "model" not in roles or not is_version(roles["model"]):
        return roles
    found = {role: profile for role, profile in roles.items() if role != "model"}
    return {"trim": roles["model"], **found}


def is_version(profile: Profile) -> bool:
    """Whether most texts begin with litres, as versions do."""
    return profile.share_with(LITRES_FIRST) >= MIN_VALUE_SHARE


def find_model(free: Sequence[Profile], roles: Roles) -> Profile | None:
    """The text column with the most values among those whose values each belong to one make."""
    if "make" not in roles:
        return None
    make = roles["make"]

    def implies_make(profile: Profile) -> bool:
        pairs = pl.DataFrame({"text": profile.texts, "make": make.texts}).drop_nulls()
        return pairs.n_unique() < 1.1 * profile.distinct

    texts = [
        profile
        for profile in free
        if profile.numbers is None
        and profile.distinct > make.distinct
        and profile.distinct_rate < 0.5
        and not is_place(profile.column)
        and not is_version(profile)
        and not any(value_share(profile, role) >= MIN_VALUE_SHARE for role in VALUES)
        and not is_of_listing(profile.column)
    ]
    return max(filter(implies_make, texts), key=lambda profile: profile.distinct, default=None)


def _has_models(trim: Profile, roles: Roles) -> bool:
    """Whether a column that is called after versions has the models: alone, or before the versions of cars whose
    makes the file does not name."""
    if "make" in roles:
        return find_model([trim], roles) is not None
    return not is_version(trim) and trim.share_with(SEVERAL_WORDS) > MIN_NAMED


def _find_names(profiles: Sequence[Profile], roles: Roles) -> Profile | None:
    """The shortest texts most of which have the make of their row in them, and more; None where none are names."""
    if "make" not in roles:
        return None
    free = [profile for profile in profiles if profile not in roles.values() and profile.numbers is None]
    lengths = {
        index: float(profile.texts.str.len_chars().mean() or 0.0)  # type: ignore[arg-type]
        for index, profile in enumerate(free)
        if not is_of_listing(profile.column) and _has_own_makes(profile, roles["make"])
    }
    short = [index for index, length in lengths.items() if length <= MAX_NAME_LENGTH]
    return free[min(short, key=lambda index: lengths[index])] if short else None


def choose_named(profiles: Sequence[Profile], others: Sequence[Profile]) -> Profile:
    """Of columns that are called alike, as Modelo_x and Modelo_y of joined tables, the one whose texts stand in
    the titles of their rows; the first where there are none."""
    titles = [item for item in others if squash_name(item.column) in TITLES]
    if len(profiles) == 1 or not titles:
        return profiles[0]
    return max(profiles, key=lambda profile: _share_in(profile, titles[0]))


def _share_in(profile: Profile, title: Profile) -> float:
    rows = pl.DataFrame({"text": profile.texts, "title": title.texts}).head(SAMPLE_ROWS).drop_nulls()
    return sum(text.casefold() in whole.casefold() for text, whole in rows.iter_rows()) / max(rows.height, 1)


def _find_titles(profiles: Sequence[Profile], roles: Roles) -> Profile | None:
    """The titles of cars in a file without a make: they begin with the model."""
    if "make" in roles:
        return None
    free = (profile for profile in profiles if profile not in roles.values() and profile.numbers is None)
    named = (profile for profile in free if squash_name(profile.column) in TITLES)
    return next((profile for profile in named if profile.share_with(SEVERAL_WORDS) > MIN_NAMED), None)


def _has_own_makes(profile: Profile, make: Profile) -> bool:
    rows = pl.DataFrame({"text": profile.texts, "make": make.texts}).head(SAMPLE_ROWS).drop_nulls()
    named = sum(one.casefold() in text.casefold() and len(text) > len(one) for text, one in rows.iter_rows())
    return named > MIN_NAMED * rows.height
