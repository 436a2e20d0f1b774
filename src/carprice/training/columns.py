"""What training works on: the matrix of the listings, and what each of its columns is."""

from dataclasses import dataclass

import numpy as np

from carprice.frames.encoding import Floats, list_categories
from carprice.market.market_file import Feature, Market


@dataclass(frozen=True)
class Columns:
    """The columns of a matrix as encode_frame makes it.

    categories: their indexes. signs: of each column 1 where a price only goes up with it, -1 where only down, else 0.
    make, model (categories of that name), year and mileage: indexes, None where the market has none.
    """

    names: tuple[str, ...]
    categories: tuple[int, ...]
    signs: tuple[int, ...]
    make: int | None = None
    model: int | None = None
    year: int | None = None
    mileage: int | None = None

    @property
    def keys(self) -> list[int]:
        """Make and model, those there are."""
        return [index for index in (self.make, self.model) if index is not None]

    @property
    def axes(self) -> list[int]:
        """Year and mileage, those there are."""
        return [index for index in (self.year, self.mileage) if index is not None]

    @property
    def others(self) -> list[int]:
        """All but make, model, year and mileage."""
        known = {*self.keys, *self.axes}
        return [index for index in range(len(self.names)) if index not in known]


@dataclass(frozen=True)
class Rows:
    """A matrix as encode_frame makes it, and the log prices beside it."""

    matrix: Floats
    target: Floats

    def take(self, chosen: np.ndarray) -> "Rows":
        """The rows that a mask or a list of indexes chooses."""
        return Rows(self.matrix[chosen], self.target[chosen])


def describe_columns(market: Market) -> Columns:
    """The columns of a market's matrix."""
    names = [feature.name for feature in market.features]
    categories = list_categories(market)

    def find_category(name: str) -> int | None:
        return names.index(name) if name in names and names.index(name) in categories else None

    def find_role(feature: Feature | None) -> int | None:
        return None if feature is None else names.index(feature.name)

    return Columns(
        names=tuple(names),
        categories=tuple(categories),
        signs=tuple(market.monotone_sign(feature) for feature in market.features),
        make=find_category("make"),
        model=find_category("model"),
        year=find_role(market.year),
        mileage=find_role(market.mileage),
    )
