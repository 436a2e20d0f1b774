"""What a drafted market file says by default: limits, units, currency, names, and which columns it leaves out."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from carprice.drafting.column_matching import MIN_PRICE_CORRELATION, rank_correlation, split_words
from carprice.drafting.profile import Numbers, Profile
from carprice.listings.header import is_named_by_place
from carprice.market.market_file import RESERVED

FENCE = 3.0
"""Price limits: the quartiles, each moved outwards by their ratio to this power."""
MARGIN = 3.0
"""Upper limit of a number, as a multiple of its 99th percentile ..."""
ROOM = 1.25
"""... or of the largest one, whichever is less."""
YEARS_BEFORE, YEARS_AFTER = 10, 1
MIN_ID_RATE, MIN_ID_ROWS, MIN_ID_DIGITS = 0.95, 50, 6
MIN_TEXT_RATE, MIN_TEXT_LENGTH = 0.5, 60
MAX_MISSING_RATE = 0.98
MAX_NAME_LENGTH = 36

LAKH = ("lakh", "lakhs", "lac", "lacs")
LAKH_SCALE = 100_000
CURRENCIES = {
    "GBP": ("£", "gbp", "pound", "pounds"),
    "EUR": ("€", "eur", "euro", "euros"),
    "USD": ("$", "usd", "dollar", "dollars"),
    "INR": ("₹", "inr", "rupees", *LAKH),
    "JPY": ("¥", "jpy", "yen"),
    "PLN": ("zł", "pln"),
    "GEL": ("₾", "gel", "lari"),
}
FLAGS = (("yes", "no"), ("y", "n"), ("true", "false"), ("t", "f"), ("1", "0"), ("ja", "nein"), ("oui", "non"))
ID_WORDS = {"id", "vin", "url", "link", "uuid", "guid", "index", "ref", "reference", "advert", "stock", "image"}
PRICE_WORDS = {"price", "prices", "payment", "monthly", "deposit", "valuation", "preis"}
MILE_WORDS = {"mi", "mile", "miles", "mpg"}


def guess_price_limits(numbers: Numbers) -> tuple[float, float]:
    """Limits of the price: the quartiles of prices above 0, moved outwards on a logarithmic scale."""
    prices = replace(numbers, values=numbers.values.filter(numbers.values > 0))
    low, high = prices.quantile(0.25), prices.quantile(0.75)
    width = max(high / low, ROOM) ** FENCE
    return round_down(low / width), round_up(high * width)


def guess_scale(price: Profile, unit: str) -> int:
    """The scale of prices: 100,000 where the column's name, or what its numbers end in, says lakh."""
    return LAKH_SCALE if {*split_words(price.column), *split_words(unit)} & {*LAKH} else 1


def guess_number_limits(numbers: Numbers) -> tuple[float, float]:
    """Limits of a number: from 0, unless some are negative, to a little above the largest plausible one."""
    lowest, highest = numbers.quantile(0.01), numbers.quantile(0.99)
    low = 0.0 if lowest >= 0 else -round_up(-lowest * MARGIN)
    high = round_up(min(numbers.quantile(1.0) * ROOM, highest * MARGIN))
    return low, high if high > low else low + 1


def guess_year_limits(profile: Profile) -> tuple[int, int]:
    """Limits of the year: ten before the oldest and one after the newest, outliers aside."""
    years = profile.texts.drop_nulls().str.extract(r"\b((?:19|20)[0-9]{2})\b", 1).cast(float)
    oldest, newest = years.quantile(0.001, "nearest"), years.quantile(0.999, "nearest")
    return int(oldest or 1900) - YEARS_BEFORE, int(newest or 2100) + YEARS_AFTER


def guess_unit(numbers: Numbers, role: str, distance_unit: str) -> str:
    """The unit that the texts end in, else what the role is measured in."""
    if role == "mileage":
        return distance_unit
    if numbers.unit or role != "engine_size":
        return numbers.unit
    return "l" if numbers.quantile(0.5) < 20 else "cc"


def guess_distance_unit(profiles: Sequence[Profile], mileage: Profile | None) -> str:
    """km or mi: by what the mileages end in, then by the words of the columns' names."""
    if mileage and mileage.numbers and mileage.numbers.unit:
        return "mi" if mileage.numbers.unit.casefold() in MILE_WORDS else "km"
    if mileage and any(word.startswith(("km", "kilo")) for word in split_words(mileage.column)):
        return "km"
    words = {word for profile in profiles for word in split_words(profile.column)}
    return "mi" if words & MILE_WORDS else "km"


def guess_currency(price: Profile, profiles: Sequence[Profile]) -> str:
    """The currency by ISO 4217, from the price's texts or else the columns' names; empty where not known."""
    texts = price.most_common[:100]
    for names in ([price.column, *texts], [profile.column for profile in profiles]):
        for code, signs in CURRENCIES.items():
            for name in names:
                if any(sign in name and not sign.isalpha() for sign in signs) or set(split_words(name)) & set(
                    signs
                ):
                    return code
    return ""


def find_flag(profile: Profile) -> tuple[str, str] | None:
    """The texts for true and false of a column that has just those two."""
    texts = {text.casefold(): text for text in profile.most_common[:3]}
    for yes, no in FLAGS:
        if set(texts) == {yes, no} and profile.distinct == 2:
            return texts[yes], texts[no]
    return None


def reason_to_leave_out(profile: Profile, role: str, price: Numbers) -> str:
    """Why a column is not a feature: it says nothing of the car, or its price; empty where it is one."""
    words = set(split_words(profile.column))
    if not profile.known:
        return "it is empty"
    if profile.missing_rate > MAX_MISSING_RATE:
        return f"it is missing in {profile.missing_rate:.1%} of the rows".replace("%", " %")
    if profile.distinct == 1:
        return f"it is {profile.most_common[0][:60]!r} wherever it is known"
    if is_named_by_place(profile.column) and profile.distinct == profile.known:
        return "it has no name and counts the rows"
    if role:
        return ""
    if words & PRICE_WORDS or _follows_price(profile, price):
        return "it follows the price"
    if _is_id(profile, words):
        return "it names the listing, not the car"
    if profile.numbers is None and not profile.is_date and _is_free_text(profile):
        return "nearly every listing has a text of its own"
    return ""


def choose_name(text: str, taken: set[str]) -> str:
    """A feature name for a role or a column that is not in taken; adds it there."""
    name = "_".join(split_words(text))[:MAX_NAME_LENGTH].strip("_")
    if not name or not name[0].isalpha():
        name = f"column_{name}".strip("_")
    tried, number = name, 2
    while tried in taken or tried in RESERVED:
        tried, number = f"{name}_{number}", number + 1
    taken.add(tried)
    return tried


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


def _follows_price(profile: Profile, price: Numbers) -> bool:
    if profile.numbers is None or profile.distinct < MIN_ID_ROWS:
        return False
    return abs(rank_correlation(profile.numbers.values, price.values)) >= MIN_PRICE_CORRELATION


def _is_id(profile: Profile, words: set[str]) -> bool:
    if profile.known < MIN_ID_ROWS:
        return bool(words & ID_WORDS)
    if words & ID_WORDS:
        return profile.distinct_rate >= MIN_TEXT_RATE
    if profile.numbers is None or profile.distinct_rate < MIN_ID_RATE:
        return False
    values = profile.numbers.values.drop_nulls()
    is_whole = bool((values == values.floor()).all())
    digits = profile.texts.drop_nulls().str.len_chars()
    return is_whole and (values.is_sorted() or (digits.n_unique() == 1 and int(digits[0]) >= MIN_ID_DIGITS))


def _is_free_text(profile: Profile) -> bool:
    length = profile.texts.drop_nulls().str.len_chars().mean()
    is_long = isinstance(length, float) and length > MIN_TEXT_LENGTH
    return is_long or (profile.known >= MIN_ID_ROWS and profile.distinct_rate > MIN_TEXT_RATE)
