"""Which values of a category the listings of a make and model have: another one is questioned, and priced.

Only where its absence says something: training/usual_cars.py has the rule.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from carprice.errors import BundleError
from carprice.model.bundle.manifest import RETRAIN

Key = tuple[float, ...]


class Seen(NamedTuple):
    """A category, by its column; the codes that listings have; and, the commonest first, how many have each."""

    column: int
    codes: frozenset[float]
    order: tuple[int, ...]
    counts: tuple[int, ...]


class SeenValues:
    """The values by the codes of make and model, as keys of the depreciation lines."""

    def __init__(
        self, table: Mapping[str, Any] | None, names: Sequence[str], encoders: Mapping[str, Sequence[str]]
    ) -> None:
        """table: as model.pkl has it, None where it has none. names: of the columns.

        Raises BundleError for a field that is no category, and for a code that is none of its values.
        """
        self.seen: dict[Key, tuple[Seen, ...]] = {}
        if table is None:
            return
        _check_codes(table, encoders)
        columns = [names.index(name) for name in table["fields"]]
        shared: dict[frozenset[float], frozenset[float]] = {}
        for key, found in table["rows"]:
            pairs = zip(columns, found, strict=True)
            self.seen[tuple(map(float, key))] = tuple(
                _read_seen(column, each, shared) for column, each in pairs if each is not None
            )

    def find(self, key: Key, row: Sequence[float]) -> list[Seen]:
        """The categories whose value no listing has. key: the codes of make and model. row: as Encoder makes it.

        Missing values, and those that no listing of any model has, are NaN and not among them.
        """
        return [
            seen
            for seen in self.seen.get(key, ())
            if (code := row[seen.column]) not in seen.codes and code == code
        ]

    def find_rows(self, keys: Sequence[Sequence[float]], columns: Sequence[Sequence[float]]) -> set[int]:
        """The indexes of rows with any such value. keys: the columns of make and model. columns: all of them."""
        if not self.seen:
            return set()
        get = self.seen.get
        return {
            number
            for number, key in enumerate(zip(*keys, strict=True))
            for seen in get(key, ())
            if (code := columns[seen.column][number]) not in seen.codes and code == code
        }


def _read_seen(column: int, each: Sequence[list[int]], shared: dict[frozenset[float], frozenset[float]]) -> Seen:
    """each: codes and counts. shared: of many models with the same values one set is kept."""
    codes, counts = each
    found = frozenset(map(float, codes))
    return Seen(column, shared.setdefault(found, found), tuple(codes), tuple(counts))


def _check_codes(table: Mapping[str, Any], encoders: Mapping[str, Sequence[str]]) -> None:
    for name in table["fields"]:
        if name not in encoders:
            raise BundleError(f"model.pkl: seen_values.fields: should name categories (got {name!r})", RETRAIN)
    most = [len(encoders[name]) for name in table["fields"]]
    for number, (_, found) in enumerate(table["rows"]):
        for name, size, each in zip(table["fields"], most, found, strict=True):
            if each is not None and not 0 <= min(each[0]) <= max(each[0]) < size:
                raise BundleError(
                    f"model.pkl: seen_values.rows[{number}]: should have codes of {name} below {size} "
                    f"(got {max(each[0])})",
                    RETRAIN,
                )
