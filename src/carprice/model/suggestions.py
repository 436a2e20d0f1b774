"""Names similar to a misspelled one."""

from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

MAX_SUGGESTIONS = 3
MAX_CANDIDATES = 40
MAX_LENGTH = 40
MAX_REMEMBERED = 1000
"""Texts that are not looked up again: the rows of a batch often have the same unknown ones."""


def fold(text: str) -> str:
    """The text without differences of case and of spaces, for comparison."""
    return " ".join(text.casefold().split())


class Speller:
    """Suggests names for misspelled texts. A batch may have thousands of them, so not every name is compared."""

    def __init__(self, names: Iterable[str]) -> None:
        self._search = lru_cache(MAX_REMEMBERED)(self._find)
        self._named: dict[str, str] = {}
        for name in names:
            self._named.setdefault(fold(name), name)
        self._with_pair: dict[str, list[str]] = {}
        for folded in self._named:
            for pair in _pairs(folded):
                self._with_pair.setdefault(pair, []).append(folded)

    def suggest(self, text: str) -> tuple[str, ...]:
        """The most similar of the names that share the most pairs of letters with the text, the best first."""
        return self._search(fold(text[:MAX_LENGTH]))

    def _find(self, folded: str) -> tuple[str, ...]:
        shared: Counter[str] = Counter()
        for pair in _pairs(folded):
            shared.update(self._with_pair.get(pair, ()))
        candidates = [name for name, _ in shared.most_common(MAX_CANDIDATES)]
        return tuple(self._named[name] for name in get_close_matches(folded, candidates, MAX_SUGGESTIONS))


def _pairs(folded: str) -> list[str]:
    """Its pairs of letters, each once and in order: with a set the suggestions would differ from run to run."""
    padded = f" {folded} "
    return list(dict.fromkeys(padded[position : position + 2] for position in range(len(padded) - 1)))
