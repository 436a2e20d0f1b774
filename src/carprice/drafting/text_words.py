"""Words of titles and descriptions that cars of one model, year and distance are dearer or cheaper with."""

from collections import Counter
from collections.abc import Set

import numpy as np
import polars as pl

from carprice.drafting.columns.makes import is_make
from carprice.drafting.columns.matching import PRICE_FORMS
from carprice.drafting.usefulness import Floats, measure_residuals
from carprice.market.market_file import Market
from carprice.market.words import find_keys

MAX_WORDS = 6
MIN_COUNT, MIN_SHARE, MAX_SHARE = 30, 0.003, 0.7
"""Listings that a word must be in, and the share that it may be in."""
MIN_EFFECT = 0.02
"""Of the price, by a word alone."""
MIN_T = 6.0
"""Of its mean residual over the standard error: among ten thousand words, chance does not come near it."""


def find_words(frame: pl.DataFrame, texts: pl.Series, market: Market) -> list[tuple[str, float]]:
    """Words and pairs of the texts with what cars with each are dearer, as a share, the strongest first.

    At most MAX_WORDS: enough to tell a person that prices follow the texts, whose words training learns.

    frame: clean listings, texts: theirs, row by row. Each word is judged by what the other features and the words
    before it leave of the log price, on listings that were not learnt from. Numbers, and words of the price or of
    makes, are none.
    """
    rows, residuals = measure_residuals(frame, market)
    if not len(rows):
        return []
    words = [_split(text) for text in texts.gather(rows).to_list()]
    counts = Counter(word for found in words for word in found)
    least = max(MIN_COUNT, MIN_SHARE * len(rows))
    members = {
        word: np.array([index for index, found in enumerate(words) if word in found])
        for word, count in counts.items()
        if least <= count <= MAX_SHARE * len(rows)
    }
    chosen: list[tuple[str, float]] = []
    while members and len(chosen) < MAX_WORDS:
        scores = {word: _measure_t(residuals, listings) for word, listings in members.items()}
        best = max(
            scores, key=lambda word: (abs(scores[word]), -len(word), word)
        )  # a pair may be where its word is
        listings = members.pop(best)
        effect = float(np.mean(residuals[listings]))
        if abs(scores[best]) < MIN_T:
            break
        if abs(np.expm1(effect)) >= MIN_EFFECT:
            chosen.append((best, float(np.expm1(effect))))
            residuals[listings] -= effect
    return chosen


def _split(text: str | None) -> Set[str]:
    return {key for key in find_keys(text or "") if not any(_is_plain(word) for word in key.split(" "))}


def _is_plain(word: str) -> bool:
    return word.isdigit() or is_make(word) or word in PRICE_FORMS


def _measure_t(residuals: Floats, listings: np.ndarray) -> float:
    values = residuals[listings]
    return float(np.mean(values) / (np.std(values) / len(values) ** 0.5 + 1e-9))
