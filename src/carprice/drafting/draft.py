"""Drafts a market file for an unknown listings file: one that trains unchanged, to be corrected by hand."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl

from carprice.drafting.column_matching import NAMES, PRICE, find_roles, squash_name
from carprice.drafting.draft_defaults import (
    choose_name,
    find_flag,
    guess_currency,
    guess_distance_unit,
    guess_number_limits,
    guess_price_limits,
    guess_scale,
    guess_unit,
    guess_year_limits,
    reason_to_leave_out,
)
from carprice.drafting.listing_columns import REASONS, find_listing_columns, guess_price_type
from carprice.drafting.profile import Numbers, Profile, profile_column, read_numbers
from carprice.errors import ListingsError, MarketError
from carprice.listings.listings_files import Source, open_listings

SAMPLE_ROWS = 200_000
MIN_PRICE_SHARE = 0.5
SHOWN_VALUES = 4
YEAR_PATTERN = "((?:19|20)[0-9]{2})"


def draft_market(path: Source, price_column: str = "") -> str:
    """The text of a market file for the listings in path, from their first 200,000 rows.

    price_column: the price, where it is not found by itself. Raises ListingsError where the file
    cannot be read, MarketError where no column is a price, or no other column is a feature.
    """
    sample = _read_sample(path)
    profiles = [profile_column(sample[column]) for column in sample.columns]
    roles = find_roles([profile for profile in profiles if profile.column != price_column])
    price = _find_price(path, profiles, roles, price_column)
    listing = find_listing_columns([profile for profile in profiles if profile is not price.profile], roles)
    draft = _Draft(path, sample.height, profiles, roles, price, listing)
    features = list(draft.feature_blocks())
    if not any(line.startswith("[features.") for block in features for line in block):
        raise MarketError(f"{path}: no column besides the price can be a feature")
    blocks = [draft.head_block(), draft.price_block(), *draft.listing_blocks(), *features]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


@dataclass(frozen=True)
class _Price:
    profile: Profile
    numbers: Numbers


@dataclass(frozen=True)
class _Draft:
    """The draft's blocks of lines, each a table of the market file with its comment."""

    path: Source
    rows: int
    profiles: list[Profile]
    roles: dict[str, Profile]
    price: _Price
    listing: dict[str, Profile]

    @property
    def distance_unit(self) -> str:
        return guess_distance_unit(self.profiles, self.roles.get("mileage"))

    def head_block(self) -> list[str]:
        name = squash_name(self.path.name.split(".")[0]) or "market"
        currency = guess_currency(self.price.profile, self.profiles)
        doubt = "" if currency else "  # not known: replace it by the three letters of the currency"
        return [
            f"# Drafted from {_text(self.path.name)}, {self.rows:,} rows. Read it before you rely on it:",
            "# limits, units and names are guesses. What each key means: docs/markets.md",
            "",
            f"name = {_text(name)}",
            f"title = {_text(f'Used cars of {name}')}",
            f"currency = {_text(currency or 'XXX')}{doubt}",
            f"distance_unit = {_text(self.distance_unit)}",
        ]

    def price_block(self) -> list[str]:
        scale = guess_scale(self.price.profile, self.price.numbers.unit)
        numbers = replace(self.price.numbers, values=self.price.numbers.values * scale)
        low, high = guess_price_limits(numbers)
        outside = int(numbers.values.is_between(low, high).not_().sum()) / self.price.profile.known
        return [
            f"# {_percent(outside)} of the prices lie outside these limits; their listings are dropped.",
            "[price]",
            f"column = {_text(self.price.profile.column)}",
            f"min = {_number(low)}",
            f"max = {_number(high)}",
            *([f"scale = {scale}"] if scale != 1 else []),
            *_number_lines(numbers),
            *_missing_lines(self.price.profile),
        ]

    def listing_blocks(self) -> list[list[str]]:
        price_type = guess_price_type(self.price.profile.column, self.listing)
        if not self.listing and price_type == "asking":
            return []
        return [
            [
                "# What a row is besides its features; no model learns from these columns.",
                "[listing]",
                *(f"{key} = {_text(profile.column)}" for key, profile in self.listing.items()),
                f"price_type = {_text(price_type)}",
            ]
        ]

    def feature_blocks(self) -> Iterator[list[str]]:
        """Features with a role first, in the order of the roles; then the others in the order of the file."""
        names = {profile.column: role for role, profile in self.roles.items()}
        order = list(NAMES)
        taken: set[str] = set()
        for profile in sorted(self.profiles, key=lambda item: order.index(names.get(item.column, order[-1]))):
            role = names.get(profile.column, "")
            if profile is self.price.profile:
                continue
            if reason := self._reason_to_leave_out(profile, role):
                yield [f"# {_text(profile.column)} is left out: {reason}."]
                continue
            yield self._feature_block(choose_name(role or profile.column, taken), profile, role)
            yield from self._suffix_blocks(profile, taken)

    def _reason_to_leave_out(self, profile: Profile, role: str) -> str:
        for key, found in self.listing.items():
            if profile is found:
                return REASONS[key]
        return reason_to_leave_out(profile, role, self.price.numbers)

    def _feature_block(self, name: str, profile: Profile, role: str) -> list[str]:
        shown = ", ".join(_text(text[:30]) for text in profile.most_common[:SHOWN_VALUES])
        more = ", ..." if profile.distinct > SHOWN_VALUES else ""
        return [
            f"# {_percent(profile.missing_rate)} missing, {profile.distinct:,} values: {shown}{more}",
            f"[features.{name}]",
            f"column = {_text(profile.column)}",
            *self._kind_lines(profile, role),
            *_missing_lines(profile),
        ]

    def _kind_lines(self, profile: Profile, role: str) -> list[str]:
        optional = ["optional = true"] if profile.missing_rate else []
        if role == "year":
            low, high = guess_year_limits(profile)
            pattern = [] if profile.numbers else [f"pattern = '{YEAR_PATTERN}'"]
            return ['kind = "year"', *pattern, f"min = {low}", f"max = {high}", *optional]
        if flag := find_flag(profile):
            return ['kind = "flag"', f"true = [{_text(flag[0])}]", f"false = [{_text(flag[1])}]", *optional]
        if profile.numbers:
            low_limit, high_limit = guess_number_limits(profile.numbers)
            unit = guess_unit(profile.numbers, role, self.distance_unit)
            return [
                'kind = "number"',
                *([f"unit = {_text(unit)}"] if unit else []),
                *_number_lines(profile.numbers),
                f"min = {_number(low_limit)}",
                f"max = {_number(high_limit)}",
                "optional = true",
                'outside = "missing"',
            ]
        return [f'kind = "{"date" if profile.is_date else "category"}"', *optional]

    def _suffix_blocks(self, profile: Profile, taken: set[str]) -> Iterator[list[str]]:
        """A flag for each text that some numbers of a column end in, as in '2.0 Turbo'."""
        for suffix in profile.numbers.suffixes if profile.numbers else ():
            if suffix.replace(" ", "").isalnum():
                yield [
                    f"# Some of the numbers in {_text(profile.column)} end in {_text(suffix)}.",
                    f"[features.{choose_name(suffix, taken)}]",
                    f"column = {_text(profile.column)}",
                    'kind = "flag"',
                    f"pattern = {_text(suffix)}",
                    *(["optional = true"] if profile.missing_rate else []),
                    *_missing_lines(profile),
                ]


def _read_sample(path: Source) -> pl.DataFrame:
    batches = []
    rows = 0
    for batch in open_listings(path).read_batches():
        batches.append(batch)
        rows += batch.height
        if rows >= SAMPLE_ROWS:
            break
    return pl.concat(batches)


def _find_price(path: Source, profiles: list[Profile], roles: dict[str, Profile], column: str) -> _Price:
    if not column:
        if PRICE not in roles:
            numbers = ", ".join(profile.column for profile in profiles if profile.numbers) or "none"
            raise MarketError(
                f"{path}: no column looks like a price",
                f"Name it with --price COLUMN. Columns of numbers: {numbers}.",
            )
        profile = roles.pop(PRICE)
    else:
        roles.pop(PRICE, None)
        found = [item for item in profiles if item.column == column]
        if not found:
            has = ", ".join(item.column for item in profiles)
            raise ListingsError(f"{path}: has no column {column!r}", f"The file has: {has}.")
        profile = found[0]
    read = profile.numbers or read_numbers(profile.texts, MIN_PRICE_SHARE)
    if read is None or read.quantile(0.5) <= 0:
        example = next(iter(profile.most_common), "")
        raise MarketError(
            f"{path}: column {profile.column!r}: should be a price (got {example[:60]!r})",
            "Name another column with --price COLUMN.",
        )
    return _Price(profile, read)


def _number_lines(numbers: Numbers) -> list[str]:
    return [
        *([f"pattern = {_text(numbers.pattern)}"] if numbers.pattern else []),
        *(['decimal = ","'] if numbers.decimal == "," else []),
    ]


def _missing_lines(profile: Profile) -> list[str]:
    return [f"missing = [{', '.join(_text(word) for word in profile.missing)}]"] if profile.missing else []


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")


def _text(text: str) -> str:
    """A TOML string on one line, which JSON's is too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
