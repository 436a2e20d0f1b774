"""Trims that people take for a model, as in BMW 320i, and the model of the make that they are of."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from carprice.errors import BundleError
from carprice.model.bundle.manifest import RETRAIN
from carprice.model.names.category_codes import MAKE, MISSING, MODEL
from carprice.model.names.suggestions import squash


class Meant(NamedTuple):
    """The codes of a model, and of a trim where that was named; NaN for none."""

    model: float
    trim: float


NOTHING = Meant(MISSING, MISSING)


class TrimNames:
    """The trims of one bundle; column: the index of their feature, None where there are none."""

    def __init__(
        self, table: Mapping[str, Any] | None, names: Sequence[str], encoders: Mapping[str, Sequence[str]]
    ) -> None:
        """table: as model.pkl has it, None where it has none. Raises BundleError for codes of no value."""
        self.column: int | None = None
        self._meant: dict[tuple[float, str], Meant] = {}
        if table is None:
            return
        field = table["field"]
        known = [encoders.get(name, ()) for name in (MAKE, field, MODEL)]
        for codes in table["rows"]:
            if any(not 0 <= code < len(values) for code, values in zip(codes, known, strict=True)):
                raise BundleError(f"model.pkl: trims.rows: should be codes of make, {field} and model", RETRAIN)
            make, trim, model = map(float, codes)
            self._meant.setdefault((make, squash(known[1][int(trim)])), Meant(model, trim))
        self.column = names.index(field)

    def find(self, words: Sequence[str], make: float) -> Meant:
        """What the longest beginning of the words means that is a trim of the make; NOTHING where none is."""
        beginnings = (squash(" ".join(words[:end])) for end in range(len(words), 0, -1) if self._meant)
        return next((self._meant[make, text] for text in beginnings if (make, text) in self._meant), NOTHING)
