"""Which country an unknown file is from, and why: by links, postcodes, places, values or names of columns."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from carprice.drafting.columns.header_words import is_place
from carprice.drafting.columns.profile import Profile
from carprice.drafting.columns.vocabulary import COUNTRIES, IDIOMS, INDIAN_NAMES, LANGUAGE_VALUES, LANGUAGES

MIN_PLACES = 0.2
"""The share of texts of places that must name a country, or have its postcodes."""
MAX_WORDS, MIN_VALUES = 40, 3
"""A column with so few values may tell the language; so many of its words must be known."""
POSTCODES = {
    "CA": r"\b[ABCEGHJ-NPRSTVXY][0-9][A-Z] ?[0-9][A-Z][0-9]\b",
    "GB": r"\b[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}\b",
    "US": r"\b[A-Z]{2},? [0-9]{5}(?:-[0-9]{4})?\b",
    "BR": r"\b[0-9]{5}-[0-9]{3}\b",
}
"""Of addresses, in forms that no other country has."""


@dataclass(frozen=True)
class Guess:
    """A value, why it was chosen, and the question that remains, empty where there is none."""

    value: str
    reason: str
    question: str = ""


def guess_country(profiles: Sequence[Profile]) -> Guess | None:
    """The country of a file: by the addresses of links, postcodes and places, then the language of its values and
    of its columns' names."""
    names = [profile.column for profile in profiles]
    for find in (_find_by_links, _find_by_postcodes, _find_by_places, _find_by_values):
        if found := find(profiles):
            return found
    raw = {re.sub(r"[\s_.-]", "", name.casefold()) for name in names}
    if raw & set(INDIAN_NAMES.split()):
        return Guess("IN", "names of columns are as in IN")
    scores = {country: len(raw & set(words.split())) for country, words in (*LANGUAGES.values(), *IDIOMS.items())}
    best = max(scores, key=lambda country: scores[country])
    return Guess(best, f"names of columns are as in {best}") if scores[best] >= 2 else None


def _find_by_links(profiles: Sequence[Profile]) -> Guess | None:
    domains = {word: code for code, (_, _, words) in COUNTRIES.items() for word in words.split() if word.isascii()}
    for profile in profiles:
        hosts = profile.texts.drop_nulls().str.extract(
            r"^(?:https?://)?(?:www\.)?[\w-]+\.((?:com?\.)?[a-z]{2})(?:/|$)", 1
        )
        if hosts.len() and hosts.null_count() < hosts.len() / 2:
            top = str(hosts.drop_nulls().mode()[0])
            last = top.rpartition(".")[2]  # co.il as il
            code = domains.get(top) or domains.get(last) or domains.get(f".{last}", "")
            if code:
                return Guess(code, f"column {profile.column!r} leads to .{top}")
    return None


def _find_by_values(profiles: Sequence[Profile]) -> Guess | None:
    """By the language of what columns of few values hold."""
    values = {
        text.casefold() for profile in profiles if profile.distinct <= MAX_WORDS for text in profile.most_common
    }
    scores = {
        country: len(values & {word.replace("_", " ") for word in words.split()})
        for country, words in LANGUAGE_VALUES.items()
    }
    best = max(scores, key=lambda country: scores[country])
    is_alone = list(scores.values()).count(scores[best]) == 1
    return Guess(best, f"values are as in {best}") if scores[best] >= MIN_VALUES and is_alone else None


def _find_by_postcodes(profiles: Sequence[Profile]) -> Guess | None:
    for profile in profiles:
        if is_place(profile.column) and not profile.numbers:
            shares = {country: profile.share_with(pattern) for country, pattern in POSTCODES.items()}
            best = max(shares, key=lambda country: shares[country])
            if shares[best] >= MIN_PLACES and best in COUNTRIES:
                return Guess(best, f"column {profile.column!r} has postcodes of {best}")
    return None


def _split_place(text: str) -> Iterator[str]:
    """The words of a place in small letters; of two letters only codes, as TX and no "il" of "il y a 2 heures"."""
    for word in re.split(r"[\s,/()|-]+", text):
        if len(word) > 2 or word.isupper():
            yield word.casefold()


def _find_by_places(profiles: Sequence[Profile]) -> Guess | None:
    words = {word.replace("_", " "): code for code, (_, _, names) in COUNTRIES.items() for word in names.split()}
    for profile in profiles:
        if profile.numbers or profile.is_date or not is_place(profile.column):
            continue
        shares: Counter[str] = Counter()
        for text, count in profile.counts.items():
            tokens = {text.casefold(), *_split_place(text)}
            for code in {words[token] for token in tokens if token in words}:
                shares[code] += count
        if shares and shares.most_common(1)[0][1] >= MIN_PLACES * profile.known:
            code = shares.most_common(1)[0][0]
            return Guess(code, f"column {profile.column!r} names places in {code}")
    return None
