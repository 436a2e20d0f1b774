"""What the columns of the matrix are: their names, which are categories, and which are more than others."""

import mmap
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from carprice.frames.encoding import Floats, list_categories
from carprice.market.market_file import Feature, Market


@dataclass(frozen=True)
class Columns:
    """names: of the features, in order. categories: their indexes. signs: 1 up, -1 down or 0 along each column.

    keys: make and model, those of them that are categories. model: the index of the model, year and mileage: of
    those, None where there is none. optional: of the features that callers may leave out.
    """

    names: list[str]
    categories: list[int]
    signs: list[int]
    keys: list[int]
    model: int | None
    year: int | None
    mileage: int | None
    optional: Sequence[int] = ()

    @property
    def numbers(self) -> list[int]:
        """Year and mileage, those there are: what a depreciation line goes along."""
        return [index for index in (self.year, self.mileage) if index is not None]

    @property
    def may_lack_mileage(self) -> bool:
        """Whether callers may leave the mileage out."""
        return self.mileage in self.optional

    @property
    def may_lack_year(self) -> bool:
        """Whether callers may leave the year out."""
        return self.year in self.optional

    @property
    def core(self) -> list[int]:
        """Columns that callers nearly always give: make, model, year and mileage."""
        return [*self.keys, *self.numbers]


def describe_columns(market: Market) -> Columns:
    """The columns of a market's matrix."""
    categories = [feature for feature in market.features if feature.is_category]
    keys = [feature for name in ("make", "model") for feature in categories if feature.name == name]
    model = next((feature for feature in keys if feature.name == "model"), None)
    return Columns(
        names=[feature.name for feature in market.features],
        categories=list_categories(market),
        # What the words of a text add up to is of log price, so a price only goes up with it.
        signs=[1 if feature.has_words else market.monotone_sign(feature) for feature in market.features],
        keys=[market.features.index(feature) for feature in keys],
        model=_index_of(model, market.features),
        year=_index_of(market.year, market.features),
        mileage=_index_of(market.mileage, market.features),
        optional=[index for index, feature in enumerate(market.features) if feature.optional],
    )


def _index_of(feature: Feature | None, features: Sequence[Feature]) -> int | None:
    return None if feature is None else features.index(feature)


@dataclass(frozen=True)
class Rows:
    """A matrix as encode_frame makes it, and the log prices beside it. mapped: the file of a stored matrix."""

    matrix: Floats
    target: Floats
    mapped: mmap.mmap | None = None

    def take(self, chosen: np.ndarray) -> "Rows":
        """The rows that a mask or a list of indexes chooses."""
        return Rows(self.matrix[chosen], self.target[chosen])

    def store(self, folder: Path) -> "Rows":
        """The same with the matrix in a file without a name. Raises OSError where there is no room."""
        with tempfile.TemporaryFile(dir=folder) as file:
            self.matrix.tofile(file)
            file.flush()
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return Rows(np.frombuffer(mapped).reshape(self.matrix.shape), self.target, mapped)

    def let_go(self) -> None:
        """Gives the memory of a stored matrix back until it is asked for again."""
        if self.mapped is not None:
            self.mapped.madvise(mmap.MADV_DONTNEED)

    def __len__(self) -> int:
        return len(self.target)
