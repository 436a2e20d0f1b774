"""What an unknown file's prices are in: the currency, and what each is multiplied by; with the reason for each
guess."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from carprice.drafting.columns.distances import may_be_driven
from carprice.drafting.columns.names import split_words, squash_words
from carprice.drafting.columns.numbers import Numbers
from carprice.drafting.columns.profile import Profile
from carprice.drafting.columns.vocabulary import COUNTRIES
from carprice.drafting.country import Guess
from carprice.market.market_file import DISTANCE_UNITS, NO_CURRENCY
from carprice.market.units import CURRENCIES, MAGNITUDES, find_currencies, find_unit, split_tokens

COUNTED_IN = {
    "lakh": ("INR", "PKR", "BDT", "LKR", "NPR"),
    "万": ("CNY", "JPY", "TWD"),
    "만": ("KRW",),
    "million": ("VND", "IDR"),
}
"""Magnitudes that low prices are in, by their currencies."""
SHOWN_TEXTS, MAX_RATIO = 100, 10.0
"""Of another column of amounts: the texts looked at, and how many times the prices they may be."""
MILE_CURRENCIES = {"GBP": "mi", "USD": "mi"}
MIN_SHARE = 0.9
MIN_INDIAN = 0.2
MIN_UNITS = 0.5
MIN_SIGNS = 0.5
"""The share of prices with a sign from which on the signs say what currency they are in."""
MIN_OTHER_CURRENCY = 0.002
MIN_WHOLE_PRICE = 1_000
"""With a smaller median, prices are not in whole units of any currency that cars are sold in ..."""
MIN_WHOLE_PRICES = {"KRW": 100_000, "VND": 1_000_000, "IDR": 1_000_000}
"""... nor with these medians in those of which one buys less."""
MAX_COUNTED = 20_000
"""With a larger median, prices are not counted in what such currencies are counted in either."""
HUNDREDTHS = {"cent", "cents", "pence", "centavos", "céntimos", "centimes", "grosze", "fils"}
SHORT_WORD = CODE_LENGTH = 3
MAX_CURRENCIES = 40
"""A column of more texts names something else."""
CURRENCY_NAMES = frozenset(squash_words("currency moneda moeda devise valuta waluta währung divisa валюта"))
INDIAN_GROUPS = r"[0-9],[0-9]{2},[0-9]{3}"


@dataclass(frozen=True)
class Currency:
    """The market's currency; column: what names each price's, where they differ; others: their shares by code."""

    code: Guess
    column: str
    others: dict[str, float]


def guess_currency(price: Profile, profiles: Sequence[Profile], country: Guess | None) -> Currency:
    """The currency of the prices: by the signs beside most of them, a column of codes, names of columns, then the
    country. Signs beside few prices decide where nothing else does."""
    local = COUNTRIES[country.value][0] if country else ""
    signs = dict(price.loose_numbers.currencies) if price.loose_numbers else {}
    signed = sum(signs.values())
    if signed > MIN_SIGNS:
        return _read_signs(signs, local, price)
    found = _guess_without_signs(price, profiles, country, local)
    code = found.code.value
    if not signs or found.column:
        return found
    if code == NO_CURRENCY:
        by_signs = _read_signs(signs, local, price)
        question = f"only {signed:.0%} of the prices say so: say it with --currency".replace("%", " %")
        return replace(by_signs, code=replace(by_signs.code, question=question))
    is_said = any(code in codes for codes in signs)
    sure = Guess(code, "the prices say so") if is_said else found.code
    return Currency(sure, "", _find_others(signs, code))


def _read_signs(signs: dict[tuple[str, ...], float], local: str, price: Profile) -> Currency:
    """The currency of most signs beside prices; local: of the country that is known, or empty."""
    main = max(signs, key=lambda codes: signs[codes])
    code = local if local in main else _choose_code(main, price)
    rest = [] if code == local else [other for other in main if other != code]
    question = f"the sign may mean {', '.join(rest)} too" if rest else ""
    return Currency(Guess(code, "the prices say so", question), "", _find_others(signs, code))


def _find_others(signs: dict[tuple[str, ...], float], code: str) -> dict[str, float]:
    """The share of the prices with signs of other currencies, by their codes."""
    others = {codes[0]: share for codes, share in signs.items() if code not in codes}
    return {other: share for other, share in others.items() if share >= MIN_OTHER_CURRENCY}


def _guess_without_signs(
    price: Profile, profiles: Sequence[Profile], country: Guess | None, local: str
) -> Currency:
    for profile in profiles:
        shares = {} if profile is price else _read_codes(profile)
        if shares:
            found = _read_signs(_part_signs(shares), local, price)
            reason = f"column {profile.column!r} says so"
            column = profile.column if len(shares) > 1 else ""
            return Currency(replace(found.code, reason=reason), column, found.others)
    return Currency(_guess_by_names(price, profiles, country, local), "", {})


def _part_signs(shares: dict[tuple[str, ...], float]) -> dict[tuple[str, ...], float]:
    """The same without what another sign of the column alone means: where U$S is the dollar, $ is none."""
    sole = {codes[0] for codes in shares if len(codes) == 1}
    return {
        codes if len(codes) == 1 else tuple(code for code in codes if code not in sole) or codes: share
        for codes, share in shares.items()
    }


def _choose_code(codes: Sequence[str], price: Profile) -> str:
    """The likeliest currency of a sign; of crowns the Danish one where a point divides the thousands."""
    has_points = price.loose_numbers is not None and price.loose_numbers.decimal == ","
    return "DKK" if "DKK" in codes and has_points else codes[0]


def _guess_by_names(price: Profile, profiles: Sequence[Profile], country: Guess | None, local: str) -> Guess:
    for columns in ([price.column], [profile.column for profile in profiles]):
        for column in columns:
            codes = next((CURRENCIES[token] for token in _name_tokens(column) if token in CURRENCIES), ())
            if codes:
                return Guess(local if local in codes else codes[0], f"column {column!r} says so")
    if country:
        return Guess(local, country.reason, f"prices in {local} are only a guess: say it with --currency")
    if any(_says_lakh(profile) for profile in profiles) or price.share_with(INDIAN_GROUPS) > MIN_INDIAN:
        return Guess("INR", "amounts are written as in India", "PKR and BDT are too: say it with --currency")
    return Guess(NO_CURRENCY, "nothing in the file names it", "which currency is it? Say it with --currency")


def guess_distance(
    profiles: Sequence[Profile], mileage: Profile | None, currency: str, country: Guess | None = None
) -> Guess:
    """km or mi: by the unit beside mileages, the columns' names, then what goes with the currency and the country.

    The dollar is the currency of cars in countries of kilometres too.
    """
    if mileage and mileage.numbers and mileage.numbers.unit in ("km", "mi"):
        return Guess(mileage.numbers.unit, "the mileages say so")
    own = [profile for profile in profiles if profile is mileage]
    for profile in [*own, *filter(may_be_driven, profiles)]:
        for word in split_words(profile.column):
            if find_unit(word) in DISTANCE_UNITS or word.startswith(("kilo", "km", "tkm")):
                beside = _distance_in_values(profile)
                says = f"values of column {profile.column!r} say" if beside else f"column {profile.column!r} says"
                unit = beside or find_unit(word) or "km"
                return Guess(unit, f"{says} so", "" if beside else _doubt_miles(unit, currency))
    if mileage is None and (beside := next(filter(None, map(_distance_in_values, profiles)), "")):
        return Guess(beside, "distances in the file say so")
    local, usual = COUNTRIES[country.value][:2] if country else ("", "")
    unit = usual if local == currency else MILE_CURRENCIES.get(currency, "km")
    if any("mpg" in split_words(profile.column) for profile in profiles):
        if unit == "mi" or currency == NO_CURRENCY:
            return Guess("mi", "fuel economy is in miles")
        question = "distances in km are only a guess, for fuel economy is in miles: say it with --distance"
        return Guess(unit, f"usual with {currency}", question)
    place = country.value if country and local == currency else currency
    reason = "nothing in the file names it" if currency == NO_CURRENCY else f"usual with {place}"
    return Guess(unit, reason, f"distances in {unit} are only a guess: say it with --distance")


def _doubt_miles(unit: str, currency: str) -> str:
    """The question that remains where a name says miles in a country of kilometres; empty elsewhere."""
    is_doubtful = unit == "mi" and currency not in (*MILE_CURRENCIES, NO_CURRENCY)
    return f"with {currency} they are mostly in km: say it with --distance" if is_doubtful else ""


def _distance_in_values(profile: Profile) -> str:
    """km or mi, where it stands in most texts of a column; else empty."""
    words = {unit: r"mi(?:les?)?" if unit == "mi" else r"\.?t?kms?" for unit in DISTANCE_UNITS}
    shares = {unit: profile.share_with(rf"(?i)[0-9k]\s*{word}\b") for unit, word in words.items()}
    return next((unit for unit, share in shares.items() if share > MIN_UNITS), "")


def guess_scale(price: Profile, numbers: Numbers, profiles: Sequence[Profile], currency: str) -> Guess:
    """What each price is multiplied by, where no word beside it says so; an empty value where nobody could
    know. A price of nothing is none."""
    numbers = replace(numbers, values=numbers.values.filter(numbers.values > 0))
    if numbers.has_magnitudes:
        return Guess("1", "the prices say what they are in")
    words = [*split_tokens(price.column), *split_words(price.column), *split_words(numbers.unit)]
    named = next((MAGNITUDES[word] for word in words if MAGNITUDES.get(word, 0) >= MIN_WHOLE_PRICE), 0.0)
    if HUNDREDTHS & {*words}:
        return Guess("0.01", f"column {price.column!r} says so")
    if named and numbers.quantile(0.5) < MIN_WHOLE_PRICE * 10:
        return Guess(f"{named:.0f}", f"column {price.column!r} says so")
    if numbers.quantile(0.5) >= MIN_WHOLE_PRICES.get(currency, MIN_WHOLE_PRICE):
        return Guess("1", "")
    word, reason = _find_magnitude(price, numbers, profiles, currency)
    if word:
        question = f"{_median(numbers)} as a price: taken as {word}; --price-scale says otherwise"
        return Guess(f"{MAGNITUDES[word]:.0f}", reason, question)
    return Guess("", "", f"the median price is {_median(numbers)}: of what? Say it with --price-scale")


def _find_magnitude(
    price: Profile, numbers: Numbers, profiles: Sequence[Profile], currency: str
) -> tuple[str, str]:
    """The word for what low prices are in, and why: by another column of amounts, else by what the currency is
    counted in; empty where neither tells."""
    others = [item for item in profiles if item is not price]
    for item in others:
        word = "lakh" if _says_lakh(item) else _magnitude_beside(item, numbers)
        if word:
            return word, f"column {item.column!r} is in {word}"
    is_low = numbers.quantile(0.5) < MAX_COUNTED
    usual = next((word for word, codes in COUNTED_IN.items() if is_low and currency in codes), "")
    return usual, f"{currency} is counted in {usual}"


def _magnitude_beside(profile: Profile, prices: Numbers) -> str:
    """The magnitude beside most numbers of a column of amounts, which are as large as the prices without it."""
    numbers = profile.numbers
    if numbers is None or not numbers.has_magnitudes or numbers.unit:
        return ""
    words = Counter(word for text in profile.most_common[:SHOWN_TEXTS] for word in _magnitudes_in(text))
    word, count = words.most_common(1)[0] if words else ("", 0)
    is_usual = count > MIN_UNITS * min(profile.distinct, SHOWN_TEXTS)
    ratio = numbers.quantile(0.5) / (prices.quantile(0.5) or 1.0) / MAGNITUDES.get(word, 1.0)
    return word if is_usual and 1 / MAX_RATIO < ratio < MAX_RATIO else ""


def _magnitudes_in(text: str) -> set[str]:
    tokens = split_tokens(text)
    return {word for word in (*tokens, *(token[0] for token in tokens)) if word in MAGNITUDES}


def is_lakh(text: str) -> bool:
    """Whether a text says lakh, the Indian hundred thousand."""
    return any(MAGNITUDES.get(word) == 1e5 for word in split_words(text))


def _median(numbers: Numbers) -> str:
    return f"{numbers.quantile(0.5):,g}"


def _says_lakh(profile: Profile) -> bool:
    return is_lakh(profile.column) or any(is_lakh(text) for text in profile.most_common[:100])


def _name_tokens(column: str) -> list[str]:
    """Words of a column's name that may be a currency: no single letter, and no word that means something else."""
    tokens = [*split_tokens(column), *split_words(column)]
    return [token for token in tokens if not (token.isascii() and token.isalpha() and len(token) < SHORT_WORD)]


def _read_codes(profile: Profile) -> dict[tuple[str, ...], float]:
    """The share of each currency, or of those that a sign or word may mean, in a column that names nothing else;
    empty for any other column."""
    if profile.distinct > MAX_CURRENCIES:
        return {}
    codes: Counter[tuple[str, ...]] = Counter()
    for text, count in profile.counts.items():
        if not text.isdigit():
            codes[find_currencies([text.casefold(), *split_tokens(text)])] += count
    del codes[()]
    is_short = sum(codes.values()) >= MIN_SHARE * profile.known
    is_named = {*split_words(profile.column)} & CURRENCY_NAMES or all(
        len(text) == CODE_LENGTH for text in profile.most_common
    )
    return {found: count / profile.known for found, count in codes.most_common()} if is_short and is_named else {}
