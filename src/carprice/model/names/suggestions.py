"""Names similar to a misspelled one."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

MAX_SUGGESTIONS = 3
MAX_CANDIDATES = 40
MAX_LENGTH = 40
MAX_REMEMBERED = 1000
"""Texts that are not looked up again: the rows of a batch often have the same unknown ones."""


_MARKS = re.compile(r"[\W_]+")
_BLANKS = re.compile(r"[\s._/'\u2019-]+")
_BETWEEN_DIGITS = re.compile(rf"(?<=[0-9]){_BLANKS.pattern}(?=[0-9])")


def fold(text: str) -> str:
    """The text without differences of case and of spaces, for comparison."""
    return " ".join(text.casefold().split())


def squash(text: str) -> str:
    """The text without case, accents, blanks and marks, for names that differ in how they are written alone.

    `Land-Rover` is `landrover` and `Citroën` is `citroen`; what stands between digits counts, so 3.0 is not 30.
    """
    return _BLANKS.sub("", _BETWEEN_DIGITS.sub("point", fold_accents(text)))


def fold_accents(text: str) -> str:
    """The text in small letters without accents."""
    marks = unicodedata.normalize("NFKD", text.casefold())
    return "".join(mark for mark in marks if not unicodedata.combining(mark))


class Speller:
    """Suggests names for misspelled texts. A batch may have thousands of them, so not every name is compared."""

    def __init__(self, names: Iterable[str]) -> None:
        self._search = lru_cache(MAX_REMEMBERED)(self._find)
        self._named: dict[str, str] = {}
        for name in names:
            self._named.setdefault(fold(name), name)
        self._by_words: dict[str, str] = {}
        for folded in self._named:
            self._by_words.setdefault(split_words(folded), folded)
        self._with_pair: dict[str, list[str]] = {}
        for folded in self._named:
            for pair in _pairs(folded):
                self._with_pair.setdefault(pair, []).append(folded)

    def suggest(self, text: str) -> tuple[str, ...]:
        """What may be meant, the best first: names whose words the text has, then the most similar ones.

        "C-Class" has those of "C Class", and "Golf GTI" those of "Golf". Only those others are compared that
        share the most pairs of letters with the text.
        """
        return self._search(fold(text[:MAX_LENGTH]))

    def _find(self, folded: str) -> tuple[str, ...]:
        shared: Counter[str] = Counter()
        for pair in _pairs(folded):
            shared.update(self._with_pair.get(pair, ()))
        candidates = [name for name, _ in shared.most_common(MAX_CANDIDATES)]
        similar = get_close_matches(folded, candidates, MAX_SUGGESTIONS)
        found = dict.fromkeys([*self._find_words(folded), *similar])
        return tuple(self._named[name] for name in list(found)[:MAX_SUGGESTIONS])

    def _find_words(self, folded: str) -> list[str]:
        """The names that are words of a text in a row, the longest first."""
        words = split_words(folded).split()
        parts = (
            " ".join(words[start : start + count])
            for count in range(len(words), 0, -1)
            for start in range(len(words) - count + 1)
        )
        return [self._by_words[part] for part in parts if part in self._by_words]


def split_words(folded: str) -> str:
    """The words of a text without what stands between them."""
    return " ".join(_MARKS.sub(" ", folded).split())


def _pairs(folded: str) -> list[str]:
    """Its pairs of letters, each once and in order: with a set the suggestions would differ from run to run."""
    padded = f" {folded} "
    return list(dict.fromkeys(padded[position : position + 2] for position in range(len(padded) - 1)))
