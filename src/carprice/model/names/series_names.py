"""Series that models are named by, as 3 Series, 3er, C-Klasse, and their versions, as 320d and C 220."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from carprice.model.names.suggestions import fold_accents, split_words

MIN_DIGITS = 2
"""Of versions that are of one series: a 318 and a 320 are, an X3 and an X5 are not."""
_WORD = "(?:series?|serija|seria|serisi|reihe|class|klasse?|clase|classe|klasa|класс|серия)"
_KEY = "([1-9]|[a-z]{1,3})"
_SERIES = re.compile(rf"(?:the )?{_KEY} ?{_WORD}|{_WORD} {_KEY}|([1-9]) ?er(?: ?reihe)?|(?:the )?{_KEY}")
_VERSION = re.compile(r"(?:m?([1-9])([0-9]{2})|([a-z]{1,3}) ?([0-9]{1,3}))[a-z]*(?: .*)?")


class Name(NamedTuple):
    """A name's series, `3` or `c`, and the digits that tell its version from others; empty for the series."""

    series: str
    version: str = ""


class SeriesNames:
    """The models of one make by their series."""

    def __init__(self, models: Iterable[tuple[str, int, float]]) -> None:
        """models: each one's name, listings and code."""
        self._named: dict[str, list[tuple[str, int, float]]] = {}
        for text, rows, code in models:
            if name := read_name(text):
                self._named.setdefault(name.series, []).append((name.version, rows, code))

    def find(self, text: str) -> float | None:
        """The code of the model that is the series of a text; None where none is.

        That of a version only where models are named by the series alone, and of a series where they are named by
        versions alone the commonest. One version says little of another's price.
        """
        name = read_name(text)
        found = self._named.get(name.series, []) if name else []
        wholes = [(rows, code) for version, rows, code in found if not version]
        if name is None or (name.version and len(wholes) < len(found)):
            return None
        alike = wholes or [(rows, code) for version, rows, code in found if len(version) >= MIN_DIGITS]
        return max(alike)[1] if alike else None


def read_name(text: str) -> Name | None:
    """The series that a model's name says; None where it says none."""
    plain = split_words(fold_accents(text))
    if match := _SERIES.fullmatch(plain):
        return Name(next(filter(None, match.groups())))
    if match := _VERSION.fullmatch(plain):
        return Name(match[1] or match[3], match[1] + match[2] if match[1] else match[4])
    return None
