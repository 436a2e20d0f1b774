"""From what each field adds to the log price to money that sums to the price."""

import math
from collections.abc import Sequence

from carprice.model.valuation import Breakdown, BreakdownPart


def break_down(names: Sequence[str], parts: Sequence[float], base: float, price: int) -> Breakdown:
    """Whole units of money for the parts of a log price; with the base they sum to the price exactly.

    parts, base: in log price. Each part c becomes money as c * (P - B) / ln(P / B), where P is the price and B
    the base: the logarithmic mean division of Ang, "The LMDI approach to decomposition analysis" (Energy Policy,
    2005), exact and the same in any order of the features. Rounding leaves the largest remainders a unit more, so
    that whole units sum too.
    """
    total = sum(parts)
    exact_base = math.exp(base)
    rate = exact_base * math.expm1(total) / total if total else exact_base
    amounts = round_to_sum([exact_base, *(part * rate for part in parts)], price)
    return Breakdown(amounts[0], tuple(map(BreakdownPart, names, amounts[1:])))


def round_to_sum(amounts: Sequence[float], total: int) -> list[int]:
    """Whole amounts that sum to total: round down, then give the largest remainders one more each."""
    whole = [math.floor(amount) for amount in amounts]
    order = sorted(range(len(amounts)), key=lambda index: whole[index] - amounts[index])
    each, rest = divmod(total - sum(whole), len(whole))
    for place, index in enumerate(order):
        whole[index] += each + (place < rest)
    return whole
