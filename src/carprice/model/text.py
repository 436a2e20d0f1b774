"""What the known words of a text add up to, in log price, and which they are."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from carprice.market.words import MAX_WORD, find_keys, find_terms, is_refused

Amounts = Mapping[str, float]
"""Of each word or pair in small letters what it adds to the log price."""

MAX_TERMS = 5_000
"""Of one feature; the rest of what a text can hold is too rare to be learnt."""
MAX_AMOUNT = 2.0
"""Of log price, by one of them."""

MAX_SHOWN = 8
OTHER_WORDS = "other words"


class WordAmount(NamedTuple):
    """A known word or pair as the text has it, and what it adds to the log price."""

    word: str
    amount: float


def add_words(text: str | None, amounts: Amounts) -> float:
    """The sum over the text's known words; NaN where there is no text, or none of its words is known."""
    if text is None:
        return math.nan
    found = [amounts[key] for key in find_keys(text) if key in amounts]
    return sum(found) if found else math.nan


def list_words(text: str, amounts: Amounts) -> list[WordAmount]:
    """The known words, in the order of the text, the weakest of many together at the end.

    What a word adds counts in the strongest pair that it is in.
    """
    known = {term.key: term for term in find_terms(text) if term.key in amounts}
    totals = {key: amounts[key] for key in known}
    for key in [key for key, term in known.items() if not term.is_pair]:
        pairs = [other for other, term in known.items() if term.is_pair and key in other.split(" ")]
        if pairs:
            totals[max(pairs, key=lambda pair: abs(amounts[pair]))] += totals.pop(key)
    strongest = sorted(totals, key=lambda key: -abs(totals[key]))
    shown = sorted(strongest[:MAX_SHOWN], key=lambda key: known[key].place)
    rest = [WordAmount(OTHER_WORDS, sum(totals[key] for key in strongest[MAX_SHOWN:]))]
    return [WordAmount(known[key].shown, totals[key]) for key in shown] + rest * (len(strongest) > MAX_SHOWN)


def share_by_words(words: Sequence[WordAmount], part: float) -> list[float]:
    """What each word adds to a log price, of the part that the trees give the text as a whole; exact in sum.

    Each has its own amount; what the trees make of the text besides is shared by the amounts' sizes.
    """
    rest, size = part - sum(word.amount for word in words), sum(abs(word.amount) for word in words)
    return [word.amount + rest * (abs(word.amount) / size if size else 1 / len(words)) for word in words]


def find_fault(amounts: Amounts) -> str | None:
    """What is wrong with a table of words that a bundle has; None where nothing is."""
    if len(amounts) > MAX_TERMS:
        return f"should have at most {MAX_TERMS:,} words (got {len(amounts):,})"
    for key, amount in amounts.items():
        words = key.split(" ")
        if len(key) > 2 * MAX_WORD + 1 or len(words) > 2 or not all(words) or any(map(is_refused, words)):
            return f"should have words or pairs of words in small letters (got {key[:MAX_WORD]!r})"
        if not -MAX_AMOUNT <= amount <= MAX_AMOUNT:
            return f"should be within {MAX_AMOUNT:g} for {key!r} (got {amount})"
    return None
