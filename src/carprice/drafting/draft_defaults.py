"""What a drafted market file says by default: limits, units, flags, spellings, and which columns it leaves out."""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date

from anyascii import anyascii

from carprice.drafting.ages_of_listings import says_age
from carprice.drafting.columns.distances import is_from_seeker
from carprice.drafting.columns.listing_columns import VIN
from carprice.drafting.columns.matching import MAX_MISSING_RATE, MIN_PRICE_CORRELATION, PRICE_WORDS
from carprice.drafting.columns.names import split_words, squash_name, squash_words
from carprice.drafting.columns.numbers import Numbers, rank_correlation
from carprice.drafting.columns.profile import Profile
from carprice.drafting.columns.role_values import value_share
from carprice.drafting.columns.vocabulary import CAR_WORDS, LEFT_OUT_WORDS, NO_WORDS, SELLER_WORDS, YES_WORDS
from carprice.listings.reading.header import is_named_by_place
from carprice.market.other_names import MAKE_ALIASES

MARGIN = 3.0
"""Upper limit of a number, as a multiple of its 99th percentile ..."""
ROOM = 1.25
"""... or of the largest one, whichever is less."""
YEARS_BEFORE, YEARS_AFTER = 10, 2
"""Limits of the year beyond the oldest and the newest one: the file of next year has newer cars."""
CLASSIC_YEAR = 1950
"""From which on cars can always be asked for: few of them are no slips."""
MIN_ID_RATE, MIN_ID_ROWS, MIN_ID_DIGITS = 0.95, 50, 6
MIN_TEXT_RATE, MIN_TEXT_LENGTH = 0.5, 60
MIN_TICKED, MIN_TICKED_SHARE = 30, 0.005
"""Rows of a column of yes alone, such as one of damaged cars, and their share, with which it is kept."""
MIN_VIN_SHARE = 0.5
NEVER_ZERO = ("engine_size", "power", "doors", "seats", "cylinders")
"""Roles of which a zero says that the number is not known."""
MAX_CONDITIONS, MIN_CONDITION_SHARE = 12, 0.8
MAX_SPELLINGS = 5_000
SHOWN_SUGGESTIONS = 5
EUROPEAN = re.compile(r"[\u0000-\u052f]*")
"""Texts in Latin, Greek and Cyrillic letters, of which two that sound alike are written alike."""

_YES, _NO = frozenset(YES_WORDS.casefold().split()), frozenset(NO_WORDS.casefold().split())
_REASONS = {word: reason for reason, words in LEFT_OUT_WORDS.items() for word in squash_words(words)}
OWN_TEXT = "nearly every listing has a text of its own"
NOT_ASKED = "nobody can answer it who asks for a price"
_SELLERS = frozenset(squash_words(SELLER_WORDS))
_CAR_WORDS = frozenset(CAR_WORDS.split())
_ID_REASON = "it names the listing, not the car"
_ID_NAMES = frozenset(
    "id lot lotno lotnumber uuid guid slug sku adid adnum adno adnumber advertid "  # noqa: SIM905
    "listingid listingno listingnumber offerid offernumber "
    "index idx rank rowid rownumber rownum sno slno srno".split()
)
"""Names of columns that say nothing of a car, however often each text is there."""
_NEVER_OF_CARS = {"vin", "url", "href", "image", "img"}
"""Words of names of such columns, whatever else is in them."""


def guess_number_limits(numbers: Numbers, role: str = "") -> tuple[float, float]:
    """Limits of a number: to a little above the largest plausible one; from 0, unless a zero is no value or some
    are negative."""
    lowest, highest = numbers.quantile(0.01), numbers.quantile(0.99)
    positive = replace(numbers, values=numbers.values.filter(numbers.values > 0))
    low = 0.0 if lowest >= 0 else -round_up(-lowest * MARGIN)
    if low == 0 and (role in NEVER_ZERO or (role != "mileage" and _zeros_stand_apart(numbers, positive))):
        low = round_down(positive.quantile(0.001) / 2)
    high = round_up(min(numbers.quantile(1.0) * ROOM, highest * MARGIN))
    return low, high if high > low else low + 1


def guess_year_limits(profile: Profile) -> tuple[int, int]:
    """Limits of the year: ten before the oldest, at least from 1950, and two after the newest, outliers aside.

    People ask for old cars and for those of today, which a file may not have: those are a guess, and no mistake.
    """
    oldest, newest = profile.years.quantile(0.001, "nearest"), profile.years.quantile(0.999, "nearest")
    today = date.today().year
    # A slip such as 2030 is no year that cars are built in.
    last = min(max(int(newest or today), today), today + 1)
    return min(int(oldest or 1900) - YEARS_BEFORE, CLASSIC_YEAR), last + YEARS_AFTER


def guess_unit(numbers: Numbers, role: str, distance_unit: str, unit_beside: str) -> str:
    """The unit beside the numbers, or in the column beside them, else what the role is measured in."""
    if role == "mileage":
        return distance_unit
    if role == "power" and numbers.unit == "km":
        return "PS"  # KM, of Polish koń mechaniczny
    if numbers.unit or unit_beside or role != "engine_size":
        return numbers.unit or unit_beside
    return "l" if numbers.quantile(0.5) < 20 else "cc"


def find_flag(profile: Profile) -> tuple[list[str], list[str]] | None:
    """The texts for true and for false of a column that has no others. Its own name is true."""
    if not 1 <= profile.distinct <= 6:
        return None
    yes = [text for text in profile.most_common if text.casefold() in _YES or text == profile.column]
    no = [text for text in profile.most_common if text.casefold() in _NO]
    return (yes, no) if len(yes) + len(no) == profile.distinct and yes else None


def reason_to_leave_out(profile: Profile, role: str, price: Numbers) -> str:
    """Why a column is not a feature: it says nothing of the car, or its price; empty where it is one."""
    if not profile.known:
        return "it is empty"
    flag = find_flag(profile)
    is_ticked = (
        flag is not None
        and not flag[1]
        and profile.known >= max(MIN_TICKED, MIN_TICKED_SHARE * profile.texts.len())
    )
    if profile.missing_rate > MAX_MISSING_RATE and not is_ticked:
        return f"it is missing in {profile.missing_rate:.1%} of the rows".replace("%", " %")
    if role != "make" and profile.distinct == 1 and not (flag and profile.missing_rate):
        return f"it is {profile.most_common[0][:60]!r} wherever it is known"
    if is_named_by_place(profile.column) and profile.distinct == profile.known:
        return "it has no name and counts the rows"
    if says_age(profile):
        return NOT_ASKED
    if role or _says_condition(profile):
        return ""
    words = {squash_name(profile.column), *split_words(profile.column)}
    if words & _CAR_WORDS:
        words.discard("user")
    reason = next((_REASONS[word] for word in sorted(words) if word in _REASONS), "")
    if words & PRICE_WORDS or _follows_price(profile, price):
        return "it follows the price"
    if _is_id(profile, reason):
        return _ID_REASON
    if is_from_seeker(profile.column) or _names_sellers(profile, words):
        return NOT_ASKED
    if reason and reason != _ID_REASON:
        return reason
    if profile.numbers is None and not profile.is_date and _is_free_text(profile):
        return OWN_TEXT
    return ""


def _names_sellers(profile: Profile, words: set[str]) -> bool:
    """Whether a column has the names of sellers, or how many cars each has, and not the few kinds of them."""
    return bool(words & _SELLERS) and profile.distinct > MAX_CONDITIONS


def _says_condition(profile: Profile) -> bool:
    """Whether a column says that a car is used, new or a demonstrator, whatever it is called."""
    is_short = profile.distinct <= MAX_CONDITIONS and not profile.numbers
    return is_short and value_share(profile, "condition") >= MIN_CONDITION_SHARE


def find_spellings(profile: Profile) -> dict[str, str]:
    """Texts that differ from a more frequent one by accents, the alphabet or marks between their letters alone, or
    say twice what another says once; each with that one."""
    alike: dict[str, list[str]] = {}
    for text in profile.most_common[:MAX_SPELLINGS]:
        key = re.sub(r"[\s._()'-]+", "", _fold_letters(_take_once(text.casefold())))
        if key.isalnum() and not key.isdigit():
            alike.setdefault(key, []).append(text)
    folded: dict[str, str] = {}
    for texts in alike.values():
        first = next((text for text in texts if _take_once(text) == text), texts[0])
        # Training itself folds letter case and spaces.
        others = [
            text for text in texts if " ".join(first.casefold().split()) != " ".join(text.casefold().split())
        ]
        folded.update(dict.fromkeys(others, first))
    return folded


def _fold_letters(text: str) -> str:
    """A text in small letters of one alphabet, without accents: citroen of Citroën, golf of Гольф."""
    return anyascii(text).casefold() if EUROPEAN.fullmatch(text) else text


def _take_once(text: str) -> str:
    """One half of a text that says the same twice, as "Bencina Bencina" and "Manual,Manual" do; else all of it."""
    match = re.fullmatch(r"(.{3,}?)[\s,;/|]+\1", text)
    return match[1] if match else text


def find_other_makes(profile: Profile) -> dict[str, str]:
    """Makes by another name than most listings have, such as Mercedes beside Mercedes-Benz, each with that one."""
    known = {_fold_letters(text.casefold()): text for text in reversed(profile.most_common)}
    known |= {text.casefold(): text for text in reversed(profile.most_common)}
    pairs = [(known.get(alias), known.get(usual)) for alias, usual in MAKE_ALIASES.items()]
    both = [(one, other) for one, other in pairs if one and other]
    counts = profile.counts
    return dict((one, other) if counts[one] < counts[other] else (other, one) for one, other in both)


def suggest_spellings(profile: Profile) -> list[str]:
    """Pairs of makes that may be one: a name and the same with a word behind it."""
    known = {text.casefold(): text for text in reversed(profile.most_common)}
    found = []
    for key, text in known.items():
        other = next((one for one in known if re.match(rf"{re.escape(key)}[ -]\S+$", one)), "")
        if other and MAKE_ALIASES.get(key) != other:
            found.append(f"{text!r} may be {known[other]!r}")
    return found[:SHOWN_SUGGESTIONS]


def round_up(value: float) -> float:
    """To one digit, away from zero: 1,234 is 2,000."""
    return _round(value, math.ceil)


def round_down(value: float) -> float:
    """To one digit, towards zero: 1,834 is 1,000."""
    return _round(value, math.floor)


def _round(value: float, to_whole: Callable[[float], int]) -> float:
    if value <= 0:
        return 0.0
    step = 10.0 ** math.floor(math.log10(value))
    # Rounding the quotient first keeps 0.3 / 0.1 from being a little more than 3.
    return float(f"{to_whole(round(value / step, 9)) * step:.6g}")


def _zeros_stand_apart(numbers: Numbers, positive: Numbers) -> bool:
    """Whether there are zeros, and no other number is anywhere near them."""
    has_zeros = bool((numbers.values == 0).any())
    is_count = positive.quantile(0.01) == 1 and bool((numbers.values == numbers.values.floor()).all())
    return has_zeros and not is_count and positive.quantile(0.01) > 0.2 * positive.quantile(0.5)


def _follows_price(profile: Profile, price: Numbers) -> bool:
    if profile.numbers is None or profile.distinct < MIN_ID_ROWS:
        return False
    return abs(rank_correlation(profile.numbers.values, price.values)) >= MIN_PRICE_CORRELATION


def _is_id(profile: Profile, reason: str) -> bool:
    if (
        profile.is_link
        or profile.share_with(VIN) >= MIN_VIN_SHARE
        or {*split_words(profile.column)} & _NEVER_OF_CARS
    ):
        return True
    if reason == _ID_REASON:
        is_number = squash_name(profile.column) in _ID_NAMES
        return is_number or profile.known < MIN_ID_ROWS or profile.distinct_rate >= MIN_TEXT_RATE
    if profile.known < MIN_ID_ROWS or profile.numbers is None or profile.distinct_rate < MIN_ID_RATE:
        return False
    values = profile.numbers.values.drop_nulls()
    is_whole = bool((values == values.floor()).all())
    digits = profile.texts.drop_nulls().str.len_chars()
    return is_whole and (values.is_sorted() or (digits.n_unique() == 1 and int(digits[0]) >= MIN_ID_DIGITS))


def _is_free_text(profile: Profile) -> bool:
    length = profile.texts.drop_nulls().str.len_chars().mean()
    is_long = isinstance(length, float) and length > MIN_TEXT_LENGTH
    return is_long or (profile.known >= MIN_ID_ROWS and profile.distinct_rate > MIN_TEXT_RATE)
