"""Which mark stands before a fraction in a column's numbers: 1.598 is a little more than one, or 1,598."""

import re
from collections.abc import Iterable, Mapping

from carprice.market.market_file import Decimal
from carprice.market.tidy import tidy_text
from carprice.market.units import MAGNITUDES, split_tokens

MIN_FRACTIONS = 0.05
"""For each number with three digits behind a mark, so many with other fractions show that it is one."""
MIN_WIDE, MIN_GROUPED = 0.2, 0.5
"""Of them so many are 12.500 or 1.234.567, and of all numbers so many are they, where nothing else tells."""
MIN_BARE = 0.02
"""As many numbers of three digits without a mark, and hardly a longer one, show thousands: 999 beside 1.598."""
MIN_UNITS = 0.5

_CORE = re.compile(r"[0-9][0-9.,]*[0-9]|[0-9]")
_LITRES = re.compile(r"(?i)[0-9]\s?(?:l|lt|ltr|lit(?:er|re)s?|л)\b")
_NEVER_FEW = re.compile(r"(?i)[0-9]\s?(?:cc|ccm|cm\s?[23]|см\s?[23]|kg|кг)")
"""Units of which no engine or car has one or two."""


class Marks:
    """How often the numbers of a column have which marks. counts: its texts, with how many rows have each."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        # Before lakh or thousand a mark is that of a fraction: 1.234 lakh.
        plain = {text: count for text, count in counts.items() if not MAGNITUDES.keys() & {*split_tokens(text)}}
        self._texts = [(tidy_text(text), count) for text, count in plain.items()]
        self._cores = [(core, count) for text, count in self._texts for core in _CORE.findall(text)[:1]]
        self.numbers = sum(count for _, count in self._cores)

    def count_fractions(self, mark: str) -> int:
        """Numbers with a mark that no thousands mark can be."""
        shape = r"[0-9.,]+{0}(?:[0-9]{{1,2}}|[0-9]{{4,}})|0+{0}[0-9]{{3}}|[0-9]{{4,}}{0}[0-9]{{3}}"
        found = self._count(shape.format(re.escape(mark)))
        return found if found > MIN_FRACTIONS * self.count_grouped(mark) else 0

    def count_grouped(self, mark: str) -> int:
        """Numbers whose marks may be those of thousands."""
        return self._count(rf"[1-9][0-9]{{0,2}}(?:{re.escape(mark)}[0-9]{{3}})+")

    def are_thousands(self, mark: str) -> bool:
        """Whether a mark is one of thousands by what the numbers are, or stand beside."""
        grouped, escaped = self.count_grouped(mark), re.escape(mark)
        # 1.998 may be litres; 12.500 is a thousand's point.
        wide = self._count(rf"[0-9]{{2,3}}(?:{escaped}[0-9]{{3}})+|[0-9]{{1,3}}(?:{escaped}[0-9]{{3}}){{2,}}")
        bare = self._count("[1-9][0-9]{2}")
        is_bare = bare > MIN_BARE * grouped and bare > self._count("[0-9]{4,}")
        is_wide = grouped > MIN_GROUPED * self.numbers and wide > MIN_WIDE * grouped
        return grouped > 0 and (is_bare or is_wide or self._have_unit(_NEVER_FEW))

    def are_litres(self) -> bool:
        """Whether most numbers are in litres, of which an engine has one or two."""
        return self._have_unit(_LITRES)

    def _count(self, shape: str) -> int:
        pattern = re.compile(shape)
        return sum(count for core, count in self._cores if pattern.fullmatch(core))

    def _have_unit(self, unit: re.Pattern[str]) -> bool:
        return sum(count for text, count in self._texts if unit.search(text)) > MIN_UNITS * self.numbers


def find_decimal(counts: Mapping[str, int], usual: Decimal = ".") -> Decimal:
    """The mark before a fraction in the texts of a column.

    usual: that of other columns of the file, for numbers such as 1.598 where nothing in this one tells.
    """
    marks = Marks(counts)
    commas, points = marks.count_fractions(","), marks.count_fractions(".")
    if commas or points:
        return "," if commas > points else "."
    if marks.are_thousands("."):
        return ","
    if marks.are_thousands(","):
        return "."
    if marks.are_litres():
        return "," if marks.count_grouped(",") > marks.count_grouped(".") else "."
    return usual if marks.count_grouped(".") + marks.count_grouped(",") else "."


def find_usual_decimal(columns: Iterable[Mapping[str, int]]) -> Decimal:
    """The mark before a fraction in a file, by how most of its columns with thousands write those."""
    marks = [Marks(counts) for counts in columns]
    points, commas = (sum(found.are_thousands(mark) for found in marks) for mark in ".,")
    return "," if points > commas else "."
