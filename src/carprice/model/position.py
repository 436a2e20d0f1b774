"""Where an asking price lies among the prices of such cars: its percentile, and a word for it."""

from typing import Annotated, Literal, get_args

import msgspec

Word = Literal["great", "good", "fair", "high", "very high"]

WORDS: tuple[Word, ...] = get_args(Word)
"""From the cheapest on."""
WORD_LIMITS = (10.0, 30.0, 70.0, 90.0)
"""The percentile up to which each word holds; the last word holds above them all. Here and nowhere else."""
MAX_PERCENT = 1e15
"""Of the price: far beyond it there is no number any more."""
DOUBTFUL_PERCENT = (10.0, 1_000.0)
"""Of the price: an asking price beyond is a slip, whatever its word."""
DECIMALS = 1
"""Of percentiles and per cents."""


class Position(msgspec.Struct, frozen=True):
    """Where an asking price lies in the distribution of this car's price."""

    percentile: Annotated[float, msgspec.Meta(description="The per cent of prices of such cars that are lower.")]
    percent_to_market: Annotated[float, msgspec.Meta(description="The asking price in per cent of the price.")]
    word: Word

    @property
    def is_doubtful(self) -> bool:
        """Whether the asking price is so far from the price that another unit or currency must be meant."""
        least, most = DOUBTFUL_PERCENT
        return not least <= self.percent_to_market <= most


def place_asking(asking: float, price: float, level: float) -> Position:
    """The position of an asking price. level: the share of such prices, from 0 to 1, that are lower."""
    percentile = round(100 * level, DECIMALS)
    percent = min(100 * (asking / price), MAX_PERCENT)
    return Position(percentile, round(percent, DECIMALS), name_percentile(percentile))


def name_percentile(percentile: float) -> Word:
    """The word for a percentile, from 0 to 100."""
    return WORDS[sum(percentile > limit for limit in WORD_LIMITS)]
