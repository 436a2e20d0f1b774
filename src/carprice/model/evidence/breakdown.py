"""From what each field adds to the log price to money that sums to the price."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from msgspec import UNSET, UnsetType

from carprice.market.kinds import Value
from carprice.market.market_file import Market
from carprice.model.text import WordAmount, share_by_words
from carprice.model.valuation import Breakdown, BreakdownPart, WordPart

AVERAGE = "the average car"
NOT_GIVEN = "not given"


def break_down(
    names: Sequence[str],
    parts: Sequence[float],
    base: float,
    price: int,
    labels: Sequence[str] = (),
    against: str = AVERAGE,
    words: Mapping[str, Sequence[WordAmount]] = MappingProxyType({}),
) -> Breakdown:
    """Whole units of money for the parts of a log price; with the base they sum to the price exactly.

    parts, base: in log price. Each part c becomes money as c * (P - B) / ln(P / B), where P is the price and B
    the base: the logarithmic mean division of Ang, "The LMDI approach to decomposition analysis" (Energy Policy,
    2005), exact and the same in any order of the features. Rounding leaves the largest remainders a unit more, so
    that whole units sum too. labels: of the parts, else their names. against: what has the base for its price.
    words: of texts, by name; what they add sums to the text's part.
    """
    total = sum(parts)
    exact_base = math.exp(base)
    rate = exact_base * math.expm1(total) / total if total else exact_base
    amounts = round_to_sum([exact_base, *(part * rate for part in parts)], price)
    shown = [
        BreakdownPart(
            name, amount, label, _split_words(words[name], part, rate, amount) if words.get(name) else UNSET
        )
        for name, part, amount, label in zip(names, parts, amounts[1:], labels or names, strict=True)
    ]
    return Breakdown(amounts[0], tuple(shown), against)


def _split_words(
    words: Sequence[WordAmount] | None, part: float, rate: float, amount: int
) -> tuple[WordPart, ...] | UnsetType:
    """The money of each word, amount in all, where there are words. rate: money per log price."""
    if not words:
        return UNSET
    shares = round_to_sum([share * rate for share in share_by_words(words, part)], amount)
    return tuple(WordPart(each.word, share) for each, share in zip(words, shares, strict=True))


def round_to_sum(amounts: Sequence[float], total: int) -> list[int]:
    """Whole amounts that sum to total: round down, then give the largest remainders one more each."""
    whole = [math.floor(amount) for amount in amounts]
    order = sorted(range(len(amounts)), key=lambda index: whole[index] - amounts[index])
    each, rest = divmod(total - sum(whole), len(whole))
    for place, index in enumerate(order):
        whole[index] += each + (place < rest)
    return whole


def label_parts(market: Market, values: Sequence[Value]) -> list[str]:
    """What each field is called, and that it is not given where it is not."""
    return [
        feature.label if value is not None else f"{feature.label} {NOT_GIVEN}"
        for feature, value in zip(market.features, values, strict=True)
    ]


def group_parts(
    market: Market, parts: Sequence[float], labels: Sequence[str]
) -> tuple[list[str], list[float], list[str]]:
    """Names, parts and labels with year and mileage, which tell much the same, as one in the first's place."""
    names = [feature.name for feature in market.features]
    pair = [market.features.index(feature) for feature in (market.year, market.mileage) if feature]
    if len(pair) < 2:
        return names, list(parts), list(labels)
    first, second = sorted(pair)
    rest = labels[second][:1].lower() + labels[second][1:]
    joined = {
        first: (f"{names[first]}+{names[second]}", parts[first] + parts[second], f"{labels[first]} and {rest}")
    }
    kept = [
        joined.get(index, (names[index], parts[index], labels[index]))
        for index in range(len(names))
        if index != second
    ]
    return [each[0] for each in kept], [each[1] for each in kept], [each[2] for each in kept]
