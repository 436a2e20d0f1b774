"""Which column of an unknown file is the price, the make, the model and so on: by name, then by content."""

from collections.abc import Callable, Sequence

from carprice.drafting.columns.distances import is_distance, is_driven, is_far, may_be_driven
from carprice.drafting.columns.header_words import is_fiscal, is_place, unit_in_name
from carprice.drafting.columns.joined_makes import find_joint
from carprice.drafting.columns.makes import make_share
from carprice.drafting.columns.model_columns import choose_named, find_model, is_of_listing, settle_models
from carprice.drafting.columns.names import split_words, squash_name, squash_words
from carprice.drafting.columns.numbers import rank_correlation
from carprice.drafting.columns.profile import Profile
from carprice.drafting.columns.role_values import MIN_VALUE_SHARE, VALUES, value_share
from carprice.drafting.columns.vocabulary import LEFT_OUT_WORDS, NUMBER_ROLES, ROLE_NAMES
from carprice.market.days import TWO_DIGITS
from carprice.market.units import convert_unit, find_unit

PRICE = "price"
MIN_PRICE_CORRELATION = 0.97
"""A number with a rank correlation of this or more with the price is another form of the price."""
NAMES = {role: squash_words(words) for role, words in ROLE_NAMES.items()}
MUST_BE_NUMBERS = (PRICE, "mileage", "power", "engine_size")
TEXTS = ("make", "model")
PLAIN_PARTS = {"name", "value", "text", "label", "title", "amount"}
"""Last parts of paths that say less than the one before them."""
MAX_MISSING_RATE = 0.98
"""With more, a column is none of a role: the makes may stand in the names beside it."""
MAX_FLAG_VALUES = 2
ZERO_OR_ONE = r"^[01](?:\.0)?$"
"""The numbers of a column such as make_toyota or "power sliding door", which is no make and no power."""
MIN_YEAR_SHARE, MIN_MAKE_SHARE = 0.9, 0.5
MIN_NAMED_YEAR_SHARE = 0.7
"""Of a column that is called a year: the others are cells of other columns."""
OF_SALES, MAX_UNSOLD = {"sold", "hammer", "transaction"}, 0.5
"""Words of columns of prices paid, which are the prices unless most cars have none."""
MAX_POWER = 2_000
MIN_YEARS_OF_CARS = 10
"""In which cars were built; the days on which they were listed lie in fewer."""
UNIT_ROLES = {"l": "engine_size", "kW": "power", "km": "mileage"}
"""The role of a number by what its unit can be converted to."""
PRICE_WORDS = frozenset(squash_words("price preis prix precio preco prezzo цена cena fiyat prijs harga"))
ENGINES = {"1.2", "1.3", "1.4", "1.5", "1.6", "1.8", "1.9", "2.2", "2.4", "2.5"}
COMMON_ENGINES, MIN_ENGINES, MAX_LITRES = 12, 4, 9.0
"""Of the commonest numbers of a column, so many are usual engines where they are litres."""
COUNTS, BEGINS_WITH_NUMBER = ("doors", "seats", "cylinders", "gears"), r"^\W*[VIWHRL]?-?[0-9]"
"""Roles whose values are numbers, whatever words stand behind: the seats of asientos may be of leather."""
SAYS_USED = r"(?i)\b(?:used|new)\b"
_NO_MATCH = 1_000
_MIN_WORD, _MIN_STEM = 3, 6


PRICE_FORMS = frozenset(squash_words(LEFT_OUT_WORDS["it is a form of the price"]))


def find_roles(profiles: Sequence[Profile]) -> dict[str, Profile]:
    """The column of each role that was found, each column once: by name, then by what it holds."""
    roles: dict[str, Profile] = {}
    profiles = [
        profile for profile in profiles if not profile.is_link and profile.missing_rate <= MAX_MISSING_RATE
    ]
    for match in (_exact_rank, _word_rank):
        for role in NAMES:
            free = [profile for profile in profiles if profile not in roles.values() and _fits(profile, role)]
            ranks = [match(profile.column, role) for profile in free]
            if role not in roles and ranks and min(ranks) < _NO_MATCH:
                best = [item for item, rank in zip(free, ranks, strict=True) if rank == min(ranks)]
                roles[role] = choose_named(best, profiles) if role in TEXTS else best[0]
    if "mileage" in roles and not is_driven(roles["mileage"], roles.get("year")):
        del roles["mileage"]
    if "year" in roles and roles["year"].calendar == TWO_DIGITS and not _is_short_year(roles):
        del roles["year"]
    for role, find in _BY_CONTENT.items():
        free = [profile for profile in profiles if profile not in roles.values()]
        if role not in roles and (found := find(free, roles)):
            roles[role] = found
    return _name_by_units(profiles, settle_models(profiles, roles))


def _is_short_year(roles: dict[str, Profile]) -> bool:
    """Whether numbers of two digits are years and no ages: newer cars have gone less far, or cost more."""
    years = roles["year"].years
    for role, sign in (("mileage", -1), (PRICE, 1)):
        numbers = roles[role].loose_numbers if role in roles else None
        if numbers:
            return sign * rank_correlation(numbers.values, years) > 0
    return False


def unit_of_columns(profiles: Sequence[Profile]) -> dict[str, str]:
    """By the name of a column of numbers, the unit that a column beside it names, such as `Unit` with `cc`."""
    units = {}
    for index, profile in enumerate(profiles):
        unit = find_unit(profile.most_common[0]) if profile.distinct == 1 else ""
        left = next((item for item in reversed(profiles[:index]) if item.numbers), None)
        if unit and left is not None:
            units[left.column] = unit
    return units


def _exact_rank(column: str, role: str) -> int:
    """Of the whole name, or of the last part of a path that says something: car.firstRegistration, make.name."""
    ranks = [NAMES[role].index(name) for name in _own_names(column) if name in NAMES[role]]
    return min(ranks, default=_NO_MATCH)


def _own_names(column: str) -> tuple[str, str]:
    *parts, last = column.split(".")
    if parts and squash_name(last) in PLAIN_PARTS:
        last = parts[-1]
    return squash_name(column), squash_name(last)


def _word_rank(column: str, role: str) -> int:
    words = split_words(column)
    if "." in column and words[-1:] and words[-1] in PLAIN_PARTS:
        words.pop()
    names = [name for name in NAMES[role] if len(name) >= _MIN_WORD]
    return min(
        (rank for rank, name in enumerate(names) if any(_is_form(word, name) for word in words)), default=_NO_MATCH
    )


def _is_form(word: str, name: str) -> bool:
    """Whether a word is a name, or one with another ending, as many languages have them."""
    return word == name or (len(name) >= _MIN_STEM and word.startswith(name))


def _fits(profile: Profile, role: str) -> bool:
    if not profile.known or (role == PRICE and {*split_words(profile.column)} & PRICE_FORMS):
        return False
    if role != PRICE and _is_ticked(profile):
        return False
    if role == PRICE and profile.missing_rate > MAX_UNSOLD and {*split_words(profile.column)} & OF_SALES:
        return False
    if role in MUST_BE_NUMBERS:
        if (role == "mileage" and not may_be_driven(profile)) or (role == "power" and is_fiscal(profile.column)):
            return False
        return _is_number(profile, role)
    if role == "year":
        least = MIN_NAMED_YEAR_SHARE if _exact_rank(profile.column, role) < _NO_MATCH else MIN_YEAR_SHARE
        return profile.year_share > least and profile.distinct < 50 * 366
    if role in VALUES and role != "condition":
        return value_share(profile, role) >= MIN_VALUE_SHARE
    if role == "trim" and is_place(profile.column):
        return False
    if role in COUNTS and not (profile.numbers or profile.share_with(BEGINS_WITH_NUMBER) > MIN_VALUE_SHARE):
        return False
    if role == "owners" and profile.share_with(SAYS_USED) > MIN_VALUE_SHARE:
        return False
    if role in TEXTS:
        is_other = is_place(profile.column) or is_of_listing(profile.column)
        return (
            not (is_other and _exact_rank(profile.column, role) == _NO_MATCH)
            and not profile.is_date
            and not profile.year_share > MIN_YEAR_SHARE
        )
    return role in NUMBER_ROLES or not (profile.numbers and profile.distinct_rate > MIN_MAKE_SHARE)


def _is_ticked(profile: Profile) -> bool:
    """Whether a column says yes or no, as of a piece of equipment, whatever it is called."""
    if profile.distinct != MAX_FLAG_VALUES:
        return False
    is_logical = {text.casefold() for text in profile.most_common} == {"true", "false"}
    return is_logical or profile.share_with(ZERO_OR_ONE) == 1


def _is_number(profile: Profile, role: str) -> bool:
    numbers = profile.loose_numbers if role == PRICE else profile.numbers
    if numbers is None or (role != PRICE and profile.is_date):
        return False
    if role == "power" and {*_own_names(profile.column)} & {*NAMES[role]} and numbers.quantile(0.5) < MAX_POWER:
        return True  # KM are horses in Polish
    unit = numbers.unit or unit_in_name(profile.column)
    fitting = next((kind for base, kind in UNIT_ROLES.items() if convert_unit(unit, base) is not None), role)
    # A column in km is no price, one in litres no power; a year is none of them.
    is_year = profile.year_share > MIN_YEAR_SHARE and 1900 < numbers.quantile(0.5) < 2100
    return fitting == role and not is_year


def _find_make(free: Sequence[Profile], _: dict[str, Profile]) -> Profile | None:
    texts = [profile for profile in free if profile.known and profile.numbers is None]
    best = max(texts, key=make_share, default=None)
    if best and make_share(best) > MIN_MAKE_SHARE:
        return best
    return next(filter(find_joint, texts), None)


def _find_year(free: Sequence[Profile], _: dict[str, Profile]) -> Profile | None:
    """The first column of years; else of dates that go back as far as cars do, and listings do not."""
    found = [item for item in free if item.year_share > MIN_YEAR_SHARE and item.calendar != TWO_DIGITS]
    years = (item for item in found if not item.is_date and 2 <= item.years.n_unique() <= 120)
    dates = (item for item in found if item.is_date and item.years.n_unique() >= MIN_YEARS_OF_CARS)
    return next(years, None) or next(dates, None)


def _find_mileage(free: Sequence[Profile], roles: dict[str, Profile]) -> Profile | None:
    """The distances that most cars have, such as cars go; else the number that most falls with the year."""
    fitting = [item for item in free if item.numbers and may_be_driven(item)]
    distances = (item for item in fitting if item.numbers and is_distance(item.numbers) and is_far(item.numbers))
    found = max(distances, key=lambda item: item.known, default=None)
    plain = [item for item in fitting if item.numbers and not item.numbers.unit]
    return found or _find_by_year(plain, roles, -1.0, (1_000.0, 500_000.0))


def _find_power(free: Sequence[Profile], _: dict[str, Profile]) -> Profile | None:
    """The first number in horses or kilowatts."""
    return next(
        (
            item
            for item in free
            if item.numbers and convert_unit(item.numbers.unit, "kW") is not None and not is_fiscal(item.column)
        ),
        None,
    )


def _find_engine_size(free: Sequence[Profile], _: dict[str, Profile]) -> Profile | None:
    """The first number in cubic centimetres, else the first in litres as engines have them: others are of fuel."""
    numbers = [item for item in free if item.numbers]
    in_cc = (item for item in numbers if item.numbers and "cc" in (item.numbers.unit, unit_in_name(item.column)))
    return next(in_cc, None) or next((item for item in numbers if _has_engines(item)), None)


def _has_engines(profile: Profile) -> bool:
    """Whether the commonest numbers are those of engines in litres."""
    numbers = profile.numbers
    if numbers is None or numbers.unit not in ("", "l") or numbers.currencies:
        return False
    common = {text.replace(",", ".") for text in profile.most_common[:COMMON_ENGINES]}
    return numbers.quantile(0.99) < MAX_LITRES and len(common & ENGINES) >= MIN_ENGINES


def _find_price(free: Sequence[Profile], roles: dict[str, Profile]) -> Profile | None:
    priced = [item for item in free if item.numbers and sum(item.numbers.currencies.values()) > MIN_MAKE_SHARE]
    found = max(priced, key=lambda item: item.known, default=None)
    return found or _find_by_year(free, roles, 1.0, (300.0, 1e9))


def _find_by_year(
    free: Sequence[Profile], roles: dict[str, Profile], sign: float, medians: tuple[float, float]
) -> Profile | None:
    """The number most correlated with the year, in the direction of sign, whose median is within medians."""
    if "year" not in roles:
        return None
    years = roles["year"].years
    scores = {
        index: sign * rank_correlation(profile.numbers.values, years)
        for index, profile in enumerate(free)
        if profile.numbers is not None and medians[0] <= profile.numbers.quantile(0.5) <= medians[1]
    }
    best = max(scores, key=lambda index: scores[index], default=None)
    return free[best] if best is not None and scores[best] > 0.2 else None


def _find_by_values(role: str) -> Callable[[Sequence[Profile], dict[str, Profile]], Profile | None]:
    def find(free: Sequence[Profile], _: dict[str, Profile]) -> Profile | None:
        best = max(free, key=lambda profile: value_share(profile, role), default=None)
        return best if best and value_share(best, role) > MIN_VALUE_SHARE and best.distinct > 1 else None

    return find


def _name_by_units(profiles: Sequence[Profile], roles: dict[str, Profile]) -> dict[str, Profile]:
    """Numbers whose unit, by a column beside them, is that of another role: Power in cc is the engine's size."""
    found = dict(roles)
    for column, unit in unit_of_columns(profiles).items():
        fitting = next((role for base, role in UNIT_ROLES.items() if convert_unit(unit, base) is not None), "")
        profile = next(item for item in profiles if item.column == column)
        is_other = [role for role, item in roles.items() if item is profile and role != fitting]
        if fitting and fitting not in found and PRICE not in is_other:
            for role in is_other:
                del found[role]
            found[fitting] = profile
    return found


_BY_CONTENT: dict[str, Callable[[Sequence[Profile], dict[str, Profile]], Profile | None]] = {
    "make": _find_make,
    "model": find_model,
    "year": _find_year,
    "mileage": _find_mileage,
    PRICE: _find_price,
    "power": _find_power,
    "engine_size": _find_engine_size,
    **{role: _find_by_values(role) for role in ("fuel", "transmission", "drive", "body")},
}
