"""The codes of a category's values, however they are written."""

import math
import re
from collections.abc import Sequence

from carprice.market.other_names import MAKE_ALIASES, SAME_VALUES, SISTER_MAKES
from carprice.model.names.suggestions import fold, squash

MAKE, MODEL = "make", "model"
MAX_BEGUN = 30
"""Values of a category that may be named by their beginning."""
MIN_BEGINNING = 3
"""Letters of a beginning."""
MISSING = math.nan
_BRACKETS = re.compile(r"(.+?)\s*\((.+)\)")

Codes = dict[str | None, float]


def category_codes(values: Sequence[str], name: str = "") -> Codes:
    """The code of each value, of its folded and squashed texts, and of other names for it; for find_code.

    name: of the feature. An exact text wins over a folded one, which is the first value's that folds to it; a
    squashed one that several values have counts for none. No value is NaN, as training has it; no make is the one
    make of a file of one. Other names are those of makes, fuels and gearboxes, and where there are few values the
    beginning of one: `GCC` of `GCC Specs`.
    """
    codes: Codes = {value: float(code) for code, value in enumerate(values)}
    codes[None] = 0.0 if name == MAKE and len(values) == 1 else MISSING
    for code, value in enumerate(values):
        codes.setdefault(fold(value), float(code))
    squashed: dict[str, set[float]] = {}
    for code, value in enumerate(values):
        squashed.setdefault(squash(value), set()).add(float(code))
        parts = _BRACKETS.fullmatch(value) if name in (MAKE, MODEL) else None
        bracketed = parts.groups()[: 2 if name == MAKE else 1] if parts else ()
        for part in (*bracketed, *(_split_twice_named(value) if name == MAKE else ())):
            squashed.setdefault(squash(part), set()).add(float(code))
    for names in (*MAKE_ALIASES.items(), *SISTER_MAKES) if name == MAKE else ():
        _join(squashed, names)
    if name not in (MAKE, MODEL) and len(values) <= MAX_BEGUN:
        _add_beginnings(squashed, values)
    for words in SAME_VALUES.get(name, ()):
        _join(squashed, words.split())
    for text, found in squashed.items():
        if len(found) == 1:
            codes.setdefault(text, *found)
    return codes


def _split_twice_named(value: str) -> tuple[str, ...]:
    """The two names of a make that says both, as VW Volkswagen; none of others."""
    one, _, other = value.casefold().partition(" ")
    return (one, other) if other and other == MAKE_ALIASES.get(one) else ()


def _join(squashed: dict[str, set[float]], names: Sequence[str]) -> None:
    """Each of the names means what any of them does."""
    keys = [squash(name) for name in names]
    meant = {code for key in keys for code in squashed.get(key, ())}
    for key in keys:
        squashed.setdefault(key, set()).update(meant)


def _add_beginnings(squashed: dict[str, set[float]], values: Sequence[str]) -> None:
    """The first words of a value mean it where they begin no other."""
    begun: dict[str, set[float]] = {}
    for code, value in enumerate(values):
        words = value.split()
        for end in range(1, len(words)):
            begun.setdefault(squash(" ".join(words[:end])), set()).add(float(code))
    for text, found in begun.items():
        if len(text) >= MIN_BEGINNING:
            squashed.setdefault(text, found)


def find_code(codes: Codes, text: str) -> float:
    """The code of a text that is written as a value, or differs from one by case, accents, blanks or marks alone.

    NaN where there is none. codes: of category_codes.
    """
    for key in (text, fold(text), squash(text)):
        code = codes.get(key)
        if code is not None and key:
            return code
    return MISSING
