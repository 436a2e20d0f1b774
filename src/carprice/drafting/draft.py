"""Drafts a market file for an unknown listings file: one that trains unchanged, to be corrected by hand."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from carprice.drafting.columns.listing_columns import REASONS, SEEN, find_listing_columns, guess_price_type
from carprice.drafting.columns.matching import NAMES, PRICE, PRICE_WORDS, find_roles, unit_of_columns
from carprice.drafting.columns.model_columns import name_versions
from carprice.drafting.columns.names import choose_name, split_words
from carprice.drafting.columns.numbers import Numbers
from carprice.drafting.columns.profile import Profile, profile_columns
from carprice.drafting.country import Guess, guess_country
from carprice.drafting.cut_names import take_whole_names
from carprice.drafting.features import FeatureDrafter
from carprice.drafting.money import (
    MILE_CURRENCIES,
    MIN_SIGNS,
    Currency,
    guess_currency,
    guess_distance,
    guess_scale,
)
from carprice.drafting.one_hot import join_one_hot
from carprice.drafting.price_limits import describe_outside, guess_price_limits
from carprice.drafting.proof import prove_features
from carprice.drafting.rows_of_groups import fill_groups, tell_groups
from carprice.drafting.trims import part_trims
from carprice.drafting.writing import Entry, format_percent, quote, write_draft
from carprice.errors import ListingsError, MarketError
from carprice.listings.cut_off import describe_cut
from carprice.listings.listings_files import Source, open_listings
from carprice.market.market_file import Listing, Market, Price, parse_market
from carprice.market.units import CODES

SAMPLE_ROWS = 200_000


class PriceScaleError(MarketError):
    """Prices are in no unit that anybody could guess."""


@dataclass(frozen=True)
class Answers:
    """What is known of a file before it is looked at; empty where it is not."""

    name: str = ""
    price: str = ""
    currency: str = ""
    distance: str = ""
    price_scale: float = 0.0


@dataclass(frozen=True)
class Draft:
    """The text of a market file, the market it describes, and the questions that a person should answer.

    questions: by the name of the answer.
    """

    text: str
    market: Market
    questions: dict[str, str] = field(default_factory=dict)


def draft_market(path: Source, answers: Answers = Answers()) -> Draft:  # frozen
    """A market file for the listings in path, from their first 200,000 rows, tried out on them.

    Raises ListingsError where the file cannot be read, MarketError where no column is a price, where its prices
    are in no unit that anybody could guess, or where no other column is a feature.
    """
    sample, grouped = fill_groups(join_one_hot(_read_sample(path)))
    profiles = profile_columns(sample)
    others = [profile for profile in profiles if profile.column != answers.price]
    roles, cut_off = take_whole_names(others, find_roles(others))
    roles = name_versions(part_trims(others, roles))
    price = _find_price(path, profiles, roles, answers.price)
    known = _guess(path, profiles, roles, price, answers)
    listing = find_listing_columns([profile for profile in profiles if profile is not price], roles)
    drafter = FeatureDrafter(profiles, roles, price, known.distance.value, unit_of_columns(profiles))
    entries = _draft_entries(profiles, roles, price, {**cut_off, **_reasons(listing, known)}, drafter)
    entries = tell_groups(entries, grouped)
    head = _draft_head(path, answers.name, price, listing, known)
    entries, market = prove_features(sample, head, entries, str(path))
    if not market.features:
        raise MarketError(f"{path}: no column besides the price can be a feature")
    comments, cut = known.comments(price, market.price), _describe_cut(path, price, market)
    if cut:
        comments["price"].append(f"{cut}.")
    text = write_draft(path.name, sample.height, market, entries, comments)
    questions = {**known.questions, **({"cut": f"{cut}. Were all listings taken?"} if cut else {})}
    return Draft(text, parse_market(tomllib.loads(text), "the draft"), questions)


def _describe_cut(path: Source, price: Profile, market: Market) -> str:
    prices = _scale_prices(path, price, market.price)
    return describe_cut(prices.filter(prices.is_between(market.price.min, market.price.max)), market.currency)


def _scale_prices(path: Source, profile: Profile, price: Price) -> pl.Series:
    return _numbers_of(path, profile).values.drop_nulls() * price.scale


@dataclass(frozen=True)
class _Known:
    """What was guessed of the file as a whole."""

    currency: Currency
    distance: Guess
    scale: Guess

    @property
    def questions(self) -> dict[str, str]:
        guesses = {"currency": self.currency.code, "distance": self.distance, "price_scale": self.scale}
        found = {name: guess.question for name, guess in guesses.items() if guess.question}
        if self.currency.others:
            found["rates"] = f"prices in {', '.join(self.currency.others)} are dropped: give [price] their rates"
        return found

    def comments(self, profile: Profile, price: Price) -> dict[str, list[str]]:
        """The lines of comment above or behind a key, by the key."""
        lines = [describe_outside(profile, price)]
        if self.currency.others:
            shares = {self.currency.code.value: 1 - sum(self.currency.others.values()), **self.currency.others}
            told = ", ".join(f"{code} {format_percent(share)}" for code, share in shares.items())
            lines.append(f"Prices are in {told}. Those in other currencies are dropped, or converted where")
            example = next(iter(self.currency.others))
            lines.append(f"rates say how much {self.currency.code.value} one is: rates = {{ {example} = 1.0 }}")
        if self.scale.reason:
            lines.append(
                f"scale: {self.scale.reason}." + (f" {self.scale.question}." if self.scale.question else "")
            )
        return {"price": lines, "currency": [_tell(self.currency.code)], "distance_unit": [_tell(self.distance)]}


def _tell(guess: Guess) -> str:
    return guess.reason + (f"; {guess.question}" if guess.question else "")


def _guess(
    path: Source, profiles: list[Profile], roles: dict[str, Profile], price: Profile, answers: Answers
) -> _Known:
    country = guess_country(profiles)
    currency = guess_currency(price, profiles, country)
    if answers.currency:
        _check_currency(path, price, answers.currency)
        currency = Currency(Guess(answers.currency, "as it was said"), currency.column, currency.others)
    numbers = _numbers_of(path, price)
    scale = guess_scale(price, numbers, profiles, currency.code.value)
    if answers.price_scale:
        scale = Guess(f"{answers.price_scale:g}", "as it was said")
    if not scale.value:
        raise PriceScaleError(
            f"{path}: column {price.column!r}: {scale.question.partition(':')[0]}, in no unit of car prices",
            "Say what each is multiplied by, such as --price-scale 1000, or 1 to take them as they are.",
        )
    distance = guess_distance(profiles, roles.get("mileage"), currency.code.value, country)
    if distance.value == "mi" and not distance.question and currency.code.value in MILE_CURRENCIES:
        sure = Guess(currency.code.value, f"{currency.code.reason}, and distances are in miles")
        currency = Currency(sure, currency.column, currency.others)
    if answers.distance:
        distance = Guess(answers.distance, "as it was said")
    return _Known(currency, distance, scale)


def _check_currency(path: Source, price: Profile, code: str) -> None:
    """Raise MarketError for a code that is none, or that the signs beside the prices cannot mean."""
    if code not in CODES:
        raise MarketError(f"--currency: should be a currency by ISO 4217, such as EUR (got {code!r})")
    signs = price.loose_numbers.currencies if price.loose_numbers else {}
    if sum(signs.values()) > MIN_SIGNS and not any(code in codes for codes in signs):
        found = ", ".join(codes[0] for codes in signs)
        hint = "Leave --currency out, or name the column of the prices: --price COLUMN"
        raise MarketError(f"{path}: column {price.column!r}: prices are in {found}, not in {code}", hint)


def _draft_head(path: Source, name: str, price: Profile, listing: dict[str, Profile], known: _Known) -> Market:
    """The market without its features."""
    numbers = _numbers_of(path, price)
    scale = float(known.scale.value)
    scaled = Numbers(numbers.values * scale, numbers.decimal, numbers.unit)
    low, high = guess_price_limits(scaled)
    own = choose_name(name or path.name.split(".")[0], set())
    return Market(
        name=own,
        title=f"Used cars of {own}",
        currency=known.currency.code.value,
        distance_unit=known.distance.value,
        price=Price(
            column=price.column,
            min=low,
            max=high,
            decimal=numbers.decimal,
            missing=price.missing,
            scale=scale,
            currency_column=known.currency.column,
        ),
        features=(),
        listing=Listing(
            **{key: profile.column for key, profile in listing.items()},  # type: ignore[arg-type]
            price_type=guess_price_type(price.column, listing),  # type: ignore[arg-type]
            day_first=listing[SEEN].day_first if SEEN in listing else None,
        ),
    )


def _reasons(listing: dict[str, Profile], known: _Known) -> dict[str, str]:
    """Why the columns of listings and of the currency are no features."""
    found = {profile.column: REASONS[key] for key, profile in listing.items()}
    if known.currency.column:
        found[known.currency.column] = "it names the currency of the price, which [price] says"
    return found


def _draft_entries(
    profiles: Sequence[Profile],
    roles: dict[str, Profile],
    price: Profile,
    left_out: dict[str, str],
    drafter: FeatureDrafter,
) -> list[Entry]:
    """Features with a role first, in the order of the roles; then the others in the order of the file.

    left_out: by column, why it is no feature.
    """
    names = {profile.column: role for role, profile in roles.items()}
    order = list(NAMES)
    entries: list[Entry] = []
    for profile in sorted(profiles, key=lambda item: order.index(names.get(item.column, order[-1]))):
        if profile is price:
            continue
        if profile.column in left_out:
            entries.append(Entry(profile.column, [f"it is left out: {left_out[profile.column]}"]))
        else:
            entries += drafter.draft(profile, names.get(profile.column, ""))
    return entries


def _read_sample(path: Source) -> pl.DataFrame:
    batches = []
    rows = 0
    for batch in open_listings(path).read_batches():
        batches.append(batch)
        rows += batch.height
        if rows >= SAMPLE_ROWS:
            break
    return pl.concat(batches)


def _find_price(path: Source, profiles: list[Profile], roles: dict[str, Profile], column: str) -> Profile:
    if not column:
        if PRICE not in roles:
            raise MarketError(f"{path}: no column looks like a price", _hint_price(profiles))
        return roles.pop(PRICE)
    roles.pop(PRICE, None)
    found = [item for item in profiles if item.column == column]
    if not found:
        has = ", ".join(item.column for item in profiles)
        raise ListingsError(f"{path}: has no column {column!r}", f"The file has: {has}.")
    return found[0]


def _hint_price(profiles: list[Profile]) -> str:
    """How to name the price, and which column is called one but cannot be read."""
    numbers = ", ".join(profile.column for profile in profiles if profile.numbers) or "none"
    called = [profile for profile in profiles if profile.known and {*split_words(profile.column)} & PRICE_WORDS]
    texts = [f"{quote(item.column)} has texts such as {quote(item.most_common[0][:30])}" for item in called]
    unread = f" {'; '.join(texts)}: bring them into a form such as 12,500 or 12.500 €." if texts else ""
    return f"Name it with --price COLUMN. Columns of numbers: {numbers}.{unread}"


def _numbers_of(path: Source, price: Profile) -> Numbers:
    read = price.loose_numbers
    if read is None or not (read.values > 0).any():
        example = next(iter(price.most_common), "")
        raise MarketError(
            f"{path}: column {price.column!r}: should be a price (got {example[:60]!r})",
            "Name another column with --price COLUMN.",
        )
    return read
