"""How a column writes its numbers: decimals, units and other words beside them, currencies."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from carprice.drafting.columns.decimals import find_decimal
from carprice.drafting.columns.vocabulary import ROLE_VALUES
from carprice.market.market_file import Decimal
from carprice.market.quantities import Quantity, read_quantity
from carprice.market.tidy import tidy_text
from carprice.market.units import CURRENCIES, convert_unit, find_currencies, find_unit, split_tokens

MIN_NUMBER_SHARE = 0.9
"""The share of texts that must be numbers for a column to be one of numbers."""
MIN_UNIT_SHARE, MIN_ODD_UNIT_SHARE = 0.5, 0.9
"""The share of texts with a unit that is known, or with a word that is then the unit."""
MIN_WORD_SHARE = 0.005
SAMPLE_ROWS = 20_000
MAX_WORDS_BESIDE = 2
MAX_WORDS = 8
"""With more different words beside its numbers, a text is a sentence."""

_CUBIC = re.compile(r"(?i)[0-9]\s?cm\s?3\b")
_PER_DISTANCE = re.compile(r"/\s*100\s*(?:km|км)")
_PER = re.compile(
    r"([^\W\d_]+)(?:\s*co2?)?(?:\s*/\s*|\s+(?:per|pro|par|por)\s+)((?:100\s*)?)([^\W\d_]+)", re.IGNORECASE
)
_MAX_RATE_LETTERS = 4
RATE_WORDS = frozenset(["kmh", "kmph", "kph", "mph", "kmpl", "kpl", "mpg"])
"""Units of one thing per another in one word."""
_VALUES = frozenset(word for words in ROLE_VALUES.values() for word in words.casefold().split())


@dataclass(frozen=True)
class Numbers:
    """How a column writes its numbers.

    values: null where unreadable, magnitudes multiplied in. unit: what they are in, where it is beside them.
    words: of the other words beside them, as they are mostly written, the share of the texts that have each.
    currencies: of each code that a sign beside them may mean the share of texts.
    """

    values: pl.Series
    decimal: Decimal
    unit: str
    words: dict[str, float] = field(default_factory=dict)
    currencies: dict[tuple[str, ...], float] = field(default_factory=dict)
    has_magnitudes: bool = False

    def quantile(self, share: float) -> float:
        """The value below which that share of the numbers lies."""
        return float(self.values.quantile(share, "nearest") or 0.0)


def map_texts(texts: pl.Series, read: Callable[[str], float | None]) -> pl.Series:
    """read applied to each text, once to equal ones: Float64."""
    found = {text: read(text) for text in texts.drop_nulls().unique()}
    if not found:
        return pl.Series(texts.name, [None] * texts.len(), pl.Float64)
    return texts.replace_strict(list(found), list(found.values()), default=None, return_dtype=pl.Float64)


def rank_correlation(left: pl.Series, right: pl.Series) -> float:
    """Spearman's, over the rows that have both; 0 where there is none."""
    both = pl.DataFrame({"left": left, "right": right}).head(SAMPLE_ROWS).drop_nulls()
    if both.height < 10:
        return 0.0
    found = both.select(pl.corr("left", "right", method="spearman")).item()
    return float(found) if found is not None and found == found else 0.0


def read_numbers(
    texts: pl.Series, min_share: float = MIN_NUMBER_SHARE, usual_decimal: Decimal = "."
) -> Numbers | None:
    """The numbers of a column, or None where fewer than min_share of its known texts are numbers.

    usual_decimal: the mark before a fraction where the texts do not tell.
    """
    counts = count_texts(texts)
    known = sum(counts.values())
    decimal = find_decimal(counts, usual_decimal)
    read = {text: found for text in counts if (found := read_quantity(text, decimal)) and _is_short(found)}
    if not known or sum(counts[text] for text in read) < min_share * known:
        return None
    words = _count_words(read, counts)
    if len([word for word in words if not _is_measure(word)]) > MAX_WORDS:
        return None
    unit = _find_unit(words, counts, known)
    parts = {*split_tokens(unit)}
    others = {} if _follow_numbers(read) else {word: count / known for word, count in words.items()}
    return Numbers(
        values=map_texts(texts, lambda text: read[text].number if text in read else None),
        decimal=decimal,
        unit=unit,
        words={
            _spell(word, counts): share
            for word, share in others.items()
            if share >= MIN_WORD_SHARE and word not in parts and not _is_measure(word)
        },
        currencies=_count_currencies(read, counts, known),
        has_magnitudes=any(found.has_magnitude for found in read.values()),
    )


def count_texts(texts: pl.Series) -> dict[str, int]:
    """How many rows have each text, the most frequent first."""
    counts = texts.drop_nulls().alias("text").value_counts(sort=True, name="count")
    return dict(counts.sort("count", "text", descending=[True, False]).iter_rows())


def _is_short(found: Quantity) -> bool:
    """Whether a text is a number with hardly a word beside it, not a sentence with a number in it."""
    return sum(not _is_measure(word) for word in found.words) <= MAX_WORDS_BESIDE


def _count_words(read: dict[str, Quantity], counts: dict[str, int]) -> Counter[str]:
    words: Counter[str] = Counter()
    for text, found in read.items():
        for word in set(found.words):
            words[word] += counts[text]
    return words


def _is_measure(word: str) -> bool:
    return bool(find_unit(word)) or word in CURRENCIES or not any(letter.isalpha() for letter in word)


def _find_unit(words: Counter[str], counts: dict[str, int], known: int) -> str:
    rates = _count_rates(counts)
    if sum(rates.values()) >= MIN_UNIT_SHARE * known:
        return rates.most_common(1)[0][0]
    if sum(count for text, count in counts.items() if _PER_DISTANCE.search(text)) >= MIN_UNIT_SHARE * known:
        return "/100 km"
    if sum(count for text, count in counts.items() if _CUBIC.search(tidy_text(text))) >= MIN_UNIT_SHARE * known:
        return "cc"
    units: Counter[str] = Counter()
    for word, count in words.items():
        if found := find_unit(word):
            units[found] += count
    if units and units.most_common(1)[0][1] >= MIN_UNIT_SHARE * known:
        return units.most_common(1)[0][0]
    common = [(word, count) for word, count in words.most_common(1) if word.isalpha() and word not in _VALUES]
    odd = [(word, count) for word, count in common if not _is_measure(word)]
    return next((word for word, count in odd if count >= MIN_ODD_UNIT_SHARE * known), "")


def find_rate(text: str) -> str:
    """The unit of one thing per another that a text names, such as g/km of "119 g CO2/km"; empty where none.

    One of both is a unit: "kW/PS" names two of one kind, "km/mileage" one thing twice.
    """
    for one, hundred, other in _PER.findall(text):
        is_short = max(len(one), len(other)) <= _MAX_RATE_LETTERS
        is_unit = bool(find_unit(one) or find_unit(other)) and convert_unit(one, other) is None
        if is_short and is_unit:
            return f"{find_unit(one) or one}/{'100 ' if hundred else ''}{find_unit(other) or other}"
    return ""


def _count_rates(counts: dict[str, int]) -> Counter[str]:
    rates: Counter[str] = Counter()
    for text, count in counts.items():
        if rate := find_rate(text):
            rates[rate] += count
    return rates


def _follow_numbers(read: dict[str, Quantity]) -> bool:
    """Whether each number always has the same words, such as plural forms, which then say nothing more."""
    words: dict[float, set[tuple[str, ...]]] = {}
    for found in read.values():
        words.setdefault(found.number, set()).add(found.words)
    return all(len(found) == 1 for found in words.values())


def _spell(word: str, counts: dict[str, int]) -> str:
    """A word as it is mostly written."""
    for text in counts:
        if match := re.search(re.escape(word), tidy_text(text), re.IGNORECASE):
            return match.group()
    return word


def _count_currencies(
    read: dict[str, Quantity], counts: dict[str, int], known: int
) -> dict[tuple[str, ...], float]:
    shares: Counter[tuple[str, ...]] = Counter()
    for text, found in read.items():
        shares[find_currencies(list(found.words))] += counts[text]
    return {codes: count / known for codes, count in shares.most_common() if codes}
