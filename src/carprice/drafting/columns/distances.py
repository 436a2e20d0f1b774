"""Which numbers are the distance that a car has gone: ranges, speeds and emissions are in kilometres too."""

from carprice.drafting.columns.names import magnitude_in_name, split_words, squash_name, squash_words
from carprice.drafting.columns.numbers import RATE_WORDS, Numbers, find_rate, rank_correlation
from carprice.drafting.columns.profile import Profile
from carprice.drafting.columns.vocabulary import DISTANCE_WORDS, OTHER_DISTANCES, SEEKER_WORDS
from carprice.market.units import convert_unit

MIN_MILEAGE = 1_000.0
"""Median below which distances that no word calls thousands are not those of used cars ..."""
MAX_THOUSANDS = 600.0
"""... but where nearly all are below this, they fall with the year and have no unit, they are in thousands."""
MIN_FALL = -0.2
"""Rank correlation with the year, of distances driven."""
THOUSAND, MIL = 1000.0, 10.0
MIL_WORDS = {"mil", "miltal", "antalmil"}
"""Words of columns in Scandinavian miles."""

_OTHERS = tuple(squash_words(OTHER_DISTANCES))
_DISTANCES, _SEEKERS = frozenset(squash_words(DISTANCE_WORDS)), frozenset(SEEKER_WORDS.split())
_DRIVEN = {"mileage", "odometer", "driven"}
"""Words of names that are a distance driven whatever else is in them, such as a range of mileages."""
_MIN_PART = 6


def may_be_driven(profile: Profile) -> bool:
    """Whether a column's name and unit can be those of distances driven."""
    unit = profile.numbers.unit if profile.numbers else ""
    is_rate = "/" in unit or unit.casefold() in RATE_WORDS or find_rate(profile.column)
    return not (is_rate or names_other_distance(profile.column) or is_from_seeker(profile.column))


def is_driven(profile: Profile, year: Profile | None) -> bool:
    """Whether the values of a column that is called a distance can be those that cars have gone."""
    is_named = not {*split_words(profile.column)} & _DISTANCES
    numbers = profile.numbers
    return is_named or numbers is None or is_far(numbers) or _falls_with_year(numbers, year)


def is_far(numbers: Numbers) -> bool:
    """Whether distances are such as used cars have gone, or words beside them say thousands."""
    return numbers.has_magnitudes or numbers.quantile(0.5) >= MIN_MILEAGE


def names_other_distance(column: str) -> bool:
    """Whether a column is called a range, a speed, emissions or the like."""
    words, whole = {*split_words(column)}, squash_name(column)
    if words & _DRIVEN:
        return False
    return any(name in words or (_is_part(name) and name in whole) for name in _OTHERS)


def is_from_seeker(column: str) -> bool:
    """Whether a column is called the distance between a car and who looks for one."""
    words = {*split_words(column)}
    return bool(words & _DISTANCES and words & _SEEKERS)


def guess_mileage_scale(column: str, numbers: Numbers, year: Profile | None) -> float:
    """What mileages are multiplied by: as the column's name says, or 1,000 where all are low and fall with the
    year."""
    if numbers.has_magnitudes:
        return 1.0
    words = {*split_words(column), squash_name(column)}
    named = magnitude_in_name(column)
    if named in (1e3, 1e4) and not words & MIL_WORDS and numbers.quantile(0.5) < MIN_MILEAGE:
        return named
    is_low = numbers.quantile(0.5) > 5 and numbers.quantile(0.99) < MAX_THOUSANDS
    if is_low and not numbers.unit and _falls_with_year(numbers, year):
        return THOUSAND
    return MIL if not numbers.unit and MIL_WORDS & words else 1.0


def is_distance(numbers: Numbers) -> bool:
    """Whether the numbers have a unit of distance beside them."""
    return convert_unit(numbers.unit, "km") is not None


def _is_part(name: str) -> bool:
    return len(name) >= _MIN_PART or not name.isalpha()


def _falls_with_year(numbers: Numbers, year: Profile | None) -> bool:
    """Whether newer cars have lower numbers; also where no column is the year."""
    return year is None or rank_correlation(numbers.values, year.years) <= MIN_FALL
