"""The codes of a category's values, however they are written."""

import math
import re
from collections.abc import Sequence

from carprice.market.make_names import MAKE_ALIASES
from carprice.model.suggestions import fold, squash

MAKE, MODEL = "make", "model"
MISSING = math.nan
_BRACKETS = re.compile(r"(.+?)\s*\((.+)\)")

Codes = dict[str | None, float]


def category_codes(values: Sequence[str], name: str = "") -> Codes:
    """The code of each value, of its folded and squashed texts, and of other names of makes; for find_code.

    name: of the feature. An exact text wins over a folded one, which is the first value's that folds to it; a
    squashed one that several values have counts for none. No value is NaN, as training has it.
    """
    codes: Codes = {value: float(code) for code, value in enumerate(values)}
    codes[None] = MISSING
    for code, value in enumerate(values):
        codes.setdefault(fold(value), float(code))
    squashed: dict[str, set[float]] = {}
    for code, value in enumerate(values):
        squashed.setdefault(squash(value), set()).add(float(code))
        parts = _BRACKETS.fullmatch(value) if name in (MAKE, MODEL) else None
        for part in parts.groups()[: 2 if name == MAKE else 1] if parts else ():
            squashed.setdefault(squash(part), set()).add(float(code))
    for alias, usual in MAKE_ALIASES.items() if name == MAKE else ():
        both = [squashed.get(squash(each), set()) for each in (alias, usual)]
        for each in (alias, usual):
            squashed.setdefault(squash(each), set()).update(*both)
    for text, found in squashed.items():
        if len(found) == 1:
            codes.setdefault(text, *found)
    return codes


def find_code(codes: Codes, text: str) -> float:
    """The code of a text that is written as a value, or differs from one by case, accents, blanks or marks alone.

    NaN where there is none. codes: of category_codes.
    """
    for key in (text, fold(text), squash(text)):
        code = codes.get(key)
        if code is not None and key:
            return code
    return MISSING
