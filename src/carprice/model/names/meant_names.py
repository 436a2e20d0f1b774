"""What make and model are meant by names that training never saw together."""

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import SequenceMatcher
from functools import lru_cache, partial
from math import isnan
from typing import NamedTuple

from carprice.model.names.category_codes import MISSING, Codes, find_code
from carprice.model.names.series_names import SeriesNames
from carprice.model.names.suggestions import Speller, split_words, squash
from carprice.model.names.trim_names import TrimNames

MAX_WORDS = 8
"""Of a model."""
_BETWEEN = re.compile(r"[\s/_|,]+")
MIN_ENDING = 3
"""Letters of a model at the end of another name: many a trim has two."""
MAX_SHORT = 2
"""Letters of the word that people write before or behind the others: 1 Series, C Class."""
MIN_SLIP, MIN_LIKE = 4, 0.82
"""Letters of a word, and a name's likeness to another (Ratcliff and Obershelp's), that make it a slip."""
CLOSE = 0.92
"""Of a name that counts before its parts do: a letter of a long one."""
MAX_REMEMBERED = 5_000
"""Names that are not looked up again: each row of a batch asks up to three times for its own."""

Key = tuple[float, ...]


class MeantCar(NamedTuple):
    """The codes of make and model, and of the trim where the model was named by it; NaN for none.

    is_sure: the model is what was said.
    """

    make: float
    model: float
    trim: float = MISSING
    is_sure: bool = False


class MeantNames:
    """The makes and models of one bundle by the other names that people have for them."""

    def __init__(
        self,
        speller: Speller,
        models: Sequence[str],
        codes: tuple[Codes, Codes],
        rows: Mapping[Key, int],
        trims: TrimNames,
    ) -> None:
        """speller: of makes. codes: of category_codes, of make and model.

        rows: the listings of each make and model that training saw together, by their codes.
        """
        self.rows = rows
        self.trims = trims
        self._models = models
        self._make_codes, self._model_codes = codes
        self._speller = speller
        self._of_make: dict[float, Speller] = {}
        self._sorted: dict[float, list[tuple[list[str], float]]] = {}
        self._framed: dict[float, list[tuple[int, float, str]]] = {}
        self._series: dict[float, SeriesNames] = {}
        self.find = lru_cache(MAX_REMEMBERED)(self._find)

    def _find(self, make: str | None, model: str | None) -> MeantCar | None:
        """What a make and a model mean that are not in `rows`; None where no more is known than they say."""
        code = MISSING if make is None else self.find_make(make)
        if make is None or isnan(code):
            return None
        if model is not None and not isnan((found := self._find_model(model, code)).model):
            return found
        if not isnan(find_code(self._make_codes, make)):
            return None
        return MeantCar(code, MISSING if model is None else find_code(self._model_codes, model), is_sure=True)

    def find_make(self, text: str) -> float:
        """The code of a make, or of the one that a slip of the pen may have made of it; NaN for none."""
        code = find_code(self._make_codes, text)
        return self._find_slip(text, self._speller, self._make_codes) if isnan(code) else code

    def speller_of(self, make: float) -> Speller:
        """Of the models of a make, by its code."""
        if make not in self._of_make:
            self._of_make[make] = Speller(
                self._models[int(model)] for of, model in sorted(self.rows) if of == make
            )
        return self._of_make[make]

    def _find_model(self, text: str, make: float) -> MeantCar:
        """The model of a make that a text names.

        As it is, beside the make's name (`Toyota Aqua`), in another order (`Series 1`) or but for a letter (`Grnd
        Cherokee`); with more before it (`Land Cruiser Prado` is a `Prado`) or behind it (`Corolla XLI`, of that
        trim where it is one), also behind the make (`Toyota Corolla XLI`); a trim of the make, and its model
        (`320i` is a `3 Series`); by a slip of the pen (`Corola`); the commonest that goes on or ends so (`Land
        Cruiser` or `Prado` where there are only a `Land Cruiser Prado` and a `Land Cruiser Sahara`); its series
        (`320d` is a `3er`), or the commonest of that (`C-Class` a `C 220` where there are only such). The first of
        these.
        """
        words, speller = _BETWEEN.split(text.strip())[:MAX_WORDS], self.speller_of(make)
        starts = range(1, len(words))
        behind = [words[at:] for at in starts if find_code(self._make_codes, " ".join(words[:at])) == make]
        before = [words[:at] for at in starts if find_code(self._make_codes, " ".join(words[at:])) == make]
        endings = [words[at:] for at in starts if sum(map(str.isalpha, "".join(words[at:]))) >= MIN_ENDING]
        ways: tuple[Callable[[], MeantCar], ...] = (
            lambda: self._find_known([words, *behind, *before], make)._replace(is_sure=True),
            lambda: MeantCar(make, self._find_reordered(text, make), is_sure=True),
            lambda: MeantCar(make, self._find_slip(text, speller, self._model_codes, CLOSE)),
            lambda: self._find_known(endings, make),
            *(partial(self._find_beginning, name, make) for name in (words, *behind)),
            *(partial(self._find_trim, name, make) for name in (words, *behind)),
            lambda: MeantCar(make, self._find_slip(text, speller, self._model_codes)),
            lambda: MeantCar(make, self._find_longer(text, make)),
            lambda: MeantCar(make, self._find_in_series([words, *behind, *before], make)),
        )
        nothing = MeantCar(make, MISSING)
        return next((found for way in ways if not isnan((found := way()).model)), nothing)

    def _find_known(self, parts: Sequence[Sequence[str]], make: float) -> MeantCar:
        """The first part of a name that is a model of the make."""
        codes = (find_code(self._model_codes, " ".join(part)) for part in parts)
        model = next((code for code in codes if (make, code) in self.rows), MISSING)
        return MeantCar(make, model)

    def _find_beginning(self, words: Sequence[str], make: float) -> MeantCar:
        """The longest beginning of a name that is a model of the make, with the trim that the rest is of it."""
        for at in range(len(words) - 1, 0, -1):
            if not isnan((found := self._find_known([words[:at]], make)).model):
                meant = self.trims.find(words[at:], make)
                return found._replace(trim=meant.trim if meant.model == found.model else MISSING)
        return MeantCar(make, MISSING)

    def _find_trim(self, words: Sequence[str], make: float) -> MeantCar:
        """The model that a trim of the make is of, and the trim."""
        return MeantCar(make, *self.trims.find(words, make))

    def _find_slip(self, text: str, speller: Speller, codes: Codes, least: float = MIN_LIKE) -> float:
        """The code of the suggested name that differs by a letter or two, not by a digit; NaN where none does."""
        name = next((name for name in speller.suggest(text) if is_slip(text, name, least)), None)
        return MISSING if name is None else find_code(codes, name)

    def _find_reordered(self, text: str, make: float) -> float:
        """The code of the one model of a make with these words in another order, one of them short; else NaN."""
        words = _sort_words(text)
        if not 1 < len(words) <= MAX_WORDS or len(words[0]) > MAX_SHORT:
            return MISSING
        if make not in self._sorted:
            models = [int(model) for of, model in self.rows if of == make]
            self._sorted[make] = [(_sort_words(self._models[model]), float(model)) for model in models]
        found = [model for other, model in self._sorted[make] if other == words]
        return found[0] if len(found) == 1 else MISSING

    def _find_in_series(self, parts: Sequence[Sequence[str]], make: float) -> float:
        """The code of the model that is the series of a part of a name, or a version of it; NaN where none is."""
        if make not in self._series:
            of_make = [(int(model), rows) for (of, model), rows in self.rows.items() if of == make]
            self._series[make] = SeriesNames((self._models[model], rows, float(model)) for model, rows in of_make)
        found = (self._series[make].find(" ".join(part)) for part in parts)
        return next((code for code in found if code is not None), MISSING)

    def _find_longer(self, text: str, make: float) -> float:
        """The code of the commonest model of a make that begins or ends with these words; NaN where none does."""
        if make not in self._framed:
            self._framed[make] = [
                (rows, -model, _frame(self._models[int(model)]))
                for (of, model), rows in self.rows.items()
                if of == make
            ]
        part = _frame(text)
        longer = [(rows, order) for rows, order, name in self._framed[make] if _is_end(part, name)]
        return -max(longer)[1] if longer else MISSING


def is_slip(text: str, name: str, least: float = MIN_LIKE) -> bool:
    """Whether a text is a name with a slip of the pen in it: the same first letter and digits, and much alike.

    Short words are not slips of each other: GL and GLE are two models. Nor is a part of a name: a Passat may be a
    Passat CC, or rather a Passat Variant. least: of their likeness.
    """
    one, other = squash(text), squash(name)
    if len(one) < MIN_SLIP or one[0] != other[:1] or _digits(one) != _digits(other):
        return False
    words, others = text.casefold().split(), name.casefold().split()
    if len(words) != len(others) and (_begins_or_ends(words, others) or _begins_or_ends(others, words)):
        return False
    pairs = zip(words, others, strict=True) if len(words) == len(others) else ()
    if any(first != second and min(len(first), len(second)) < MIN_SLIP for first, second in pairs):
        return False
    return SequenceMatcher(None, one, other).ratio() >= least


def _begins_or_ends(words: list[str], others: list[str]) -> bool:
    """Whether some words are the first or the last ones of others."""
    return others[: len(words)] == words or others[-len(words) :] == words


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _sort_words(text: str) -> list[str]:
    """The words of a text, the shortest first."""
    return sorted(split_words(text.casefold()).split(), key=lambda word: (len(word), word))


def _frame(text: str) -> str:
    """The words of a text between blanks."""
    return f" {split_words(text.casefold())} "


def _is_end(part: str, name: str) -> bool:
    """Whether a name begins with a part, or ends with one of some letters; both between blanks."""
    is_word = sum(map(str.isalpha, part)) >= MIN_ENDING
    return part.strip() != "" and (name.startswith(part) or (is_word and name.endswith(part)))
