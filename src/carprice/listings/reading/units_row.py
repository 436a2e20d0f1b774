"""A row of units below the header, such as `,,km,EUR`, that belongs to the names of the columns."""

from collections.abc import Sequence

from carprice.market.units import CURRENCIES, find_unit

MIN_UNITS = 2
"""So many cells that are units, and no others that are filled, make such a row."""
UNITS_TAKEN = "Took the units in the row below the header into the names of the columns"


def join_units(names: Sequence[str], row: Sequence[str]) -> list[str] | None:
    """The names with the units of the row below them, as `mileage (km)`; None where it is no such row."""
    cells = [cell.strip(" \t[]()") for cell in row]
    units = ["" if cell == "-" else cell for cell in cells] + [""] * (len(names) - len(cells))
    known = [unit for unit in units if unit]
    if len(units) != len(names) or len(known) < MIN_UNITS or not all(map(_is_unit, known)):
        return None
    return [f"{name.strip()} ({unit})" if unit else name for name, unit in zip(names, units, strict=True)]


def _is_unit(text: str) -> bool:
    return bool(find_unit(text)) or text.casefold() in CURRENCIES
