"""What LightGBM is fed with: rows widened so many at a time, so that no wide matrix is ever held."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import lightgbm as lgb
import numpy as np

from carprice.frames.encoding import Floats

CHUNK_ROWS = 100_000


class WideRows(lgb.Sequence):
    """The rows of several matrices, one after the other, as widen makes them of a part of one.

    LightGBM asks for a sample of rows one by one, in order, then for all of them by batches.
    """

    batch_size = CHUNK_ROWS

    def __init__(self, matrices: Sequence[Floats], widen: Callable[[Floats], Floats]) -> None:
        self._matrices, self._widen = matrices, widen
        self._ends = np.cumsum([len(matrix) for matrix in matrices]).tolist()
        self._first, self._held = 0, np.empty((0, 0))

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, index: int | slice | list[int]) -> Floats:
        """The rows of a slice, or one; a list is never asked for."""
        if isinstance(index, slice):
            return self._widen(self._take(index.start, index.stop))
        place = int(index)  # type: ignore[arg-type]
        if not self._first <= place < self._first + len(self._held):
            self._first = place - place % CHUNK_ROWS
            self._held = self[self._first : min(self._first + CHUNK_ROWS, len(self))]
        return self._held[place - self._first]  # type: ignore[no-any-return]

    def _take(self, start: int, stop: int) -> Floats:
        found = []
        for matrix, end in zip(self._matrices, self._ends, strict=True):
            first = end - len(matrix)
            found.append(matrix[max(start - first, 0) : max(stop - first, 0)])
        return np.concatenate(found)


class QuietDataset(lgb.Dataset):
    """A data set that is built without warnings, on the threads that it was told.

    With a Sequence, LightGBM drops both. The number of threads is one for the whole process, and buffers are made
    for as many: where data sets of no number are built beside boosters of one thread, it changes in between, and
    rows are written beyond the buffers.
    """

    def get_params(self) -> dict[str, Any]:
        """The parameters with which the rows are binned."""
        threads = {name: value for name, value in (self.params or {}).items() if name == "num_threads"}
        return {**super().get_params(), "verbosity": -1, **threads}


def iterate_chunks(rows: int, size: int = CHUNK_ROWS) -> Iterator[slice]:
    """Slices of at most size rows, until all had their turn."""
    return (slice(start, min(start + size, rows)) for start in range(0, rows, size))
