"""Between which limits the prices of a file are: wide enough for its cheapest and dearest cars, not for slips."""

import re
from dataclasses import replace

import polars as pl

from carprice.drafting.columns.numbers import Numbers
from carprice.drafting.columns.profile import Profile
from carprice.drafting.draft_defaults import ROOM, round_down, round_up
from carprice.drafting.writing import format_percent, quote
from carprice.market.market_file import Price

FENCE, MAX_WIDTH = 3.0, 100.0
"""The quartiles, each moved outwards by their ratio to this power, and no further than so many times."""
MAX_STEP = 3.0
"""Beyond: the dearest price that is at most so many times the one before it."""
MAX_STEP_DOWN, MAX_CHEAPEST = 2.0, 10.0
"""The same of the cheapest, among which are more that are none of a car."""
ROOM_ABOVE = 2.0
"""For the dearest cars of later files."""

_PLACEHOLDER = re.compile(r"(\d)\1{4,}|12345\d*|987654\d*")


def guess_price_limits(numbers: Numbers) -> tuple[float, float]:
    """Limits of the price: the quartiles of prices above 0, moved outwards on a logarithmic scale.

    Beyond them, as far as prices go on without a gap: a file of cheap cars has a few that cost ten times as much.
    """
    prices = replace(numbers, values=numbers.values.filter(numbers.values > 0))
    low, high = prices.quantile(0.25), prices.quantile(0.75)
    width = min(max(high / low, ROOM) ** FENCE, MAX_WIDTH)
    values = prices.values.unique().sort()
    below = 1 / values.filter(values < low / width).sort(descending=True)
    cheapest = 1 / _reach(below, width / low, MAX_STEP_DOWN, MAX_CHEAPEST / low)
    above = values.filter(values > high * width)
    dearest = _reach(above, high * width, MAX_STEP, high * MAX_WIDTH)
    return round_down(cheapest), _leave_room(above, dearest) if dearest > high * width else round_up(dearest)


def _leave_room(above: pl.Series, dearest: float) -> float:
    """An upper limit that the dearest car of a later file fits in, but no placeholder of this one."""
    junk = [round_down(value) for value in above if value > dearest and is_placeholder(value)]
    fitting = [limit for limit in junk if limit > dearest]
    return min([round_up(dearest * ROOM_ABOVE), *fitting])


def is_placeholder(price: float) -> bool:
    """Whether a price was typed to type any, as 999999 and 123456789 are."""
    return _PLACEHOLDER.fullmatch(f"{price:.0f}") is not None


def describe_outside(profile: Profile, price: Price) -> str:
    """How many prices lie outside the limits, with the cheapest and the dearest of them."""
    numbers = profile.loose_numbers
    assert numbers
    scaled = pl.DataFrame({"text": profile.texts, "price": numbers.values * price.scale}).drop_nulls()
    outside = scaled.filter(~pl.col("price").is_between(price.min, price.max)).sort("price")
    share = format_percent(outside.height / max(scaled.height, 1))
    examples = f": {' to '.join(quote(text[:30]) for text in _ends(outside['text']))}" if outside.height else ""
    told = f" ({outside.height:,} of {scaled.height:,}{examples})" if outside.height else ""
    return f"{share} of the prices lie outside these limits{told}; their listings are dropped."


def _reach(values: pl.Series, start: float, max_step: float, most: float) -> float:
    """The last of ascending values that are each at most max_step times the one before, from start on."""
    reached = start
    for value in values:
        if is_placeholder(value):
            continue
        if value > min(reached * max_step, most):
            break
        reached = float(value)
    return reached


def _ends(texts: pl.Series) -> list[str]:
    return [texts[0], texts[-1]] if texts.len() > 1 else texts.to_list()
