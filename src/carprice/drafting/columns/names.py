"""Names of columns in any script, as words that can be compared and typed."""

import re
from collections.abc import Set

from anyascii import anyascii

from carprice.market.market_file import RESERVED
from carprice.market.units import MAGNITUDES, split_tokens

MAX_NAME_LENGTH = 36


def squash_name(column: str) -> str:
    """A column's name in a-z and 0-9 alone: 'Prod. year' is 'prodyear', 'Пробег' is 'probeg'."""
    return re.sub(r"[^a-z0-9]", "", anyascii(column).casefold())


def split_words(column: str) -> list[str]:
    """The words of a column's name: 'fuelType' and 'Fuel type' are ['fuel', 'type']."""
    spaced = re.sub(r"([a-zа-я])([A-ZА-Я])", r"\1 \2", column)
    return re.findall(r"[a-z]+|[0-9]+", anyascii(spaced).casefold())


def squash_words(words: str) -> list[str]:
    """Each word of a text as squash_name has it."""
    return [squash_name(word) for word in words.split()]


def magnitude_in_name(column: str) -> float:
    """What a column's name says its numbers are in, as 'Price (lakh)' and 里程(万公里) do; 1 where nothing."""
    words = [word for word in (*split_tokens(column), *split_words(column)) if len(word) > 1 or not word.isascii()]
    marks = [word[0] for word in words if not word.isascii()]  # 万公里 is written as one word
    return next((MAGNITUDES[word] for word in (*words, *marks) if word in MAGNITUDES), 1.0)


def choose_name(text: str, taken: set[str]) -> str:
    """A feature name for a role or a column that is not in taken; adds it there."""
    name = "_".join(split_words(text))[:MAX_NAME_LENGTH].strip("_")
    if not name or not name[0].isalpha():
        name = f"column_{name}".strip("_")
    tried = next_name(name, taken)
    taken.add(tried)
    return tried


def next_name(name: str, taken: Set[str]) -> str:
    """The name, or it with the first number that makes it one that is not in taken."""
    tried, number = name, 2
    while tried in taken or tried in RESERVED:
        tried, number = f"{name}_{number}", number + 1
    return tried
