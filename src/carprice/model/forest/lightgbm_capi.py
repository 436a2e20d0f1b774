"""LightGBM's public C API through ctypes: trees from text, raw scores, contributions.

The API process needs neither the lightgbm package nor NumPy for it. C API reference:
https://lightgbm.readthedocs.io/en/stable/C-API.html
"""

import ctypes
import threading
from array import array
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from carprice.errors import BundleError
from carprice.model.bundle.manifest import RETRAIN
from carprice.model.forest.lightgbm_text import rebuild_text

_RAW_SCORE = 1
_LEAVES = 2
_CONTRIBUTIONS = 3
_FLOAT64 = 1
_ALL_TREES = -1

_Handle = ctypes.c_void_p


@cache
def _load_library() -> ctypes.CDLL:
    spec = find_spec("lightgbm")
    if spec is None or not spec.submodule_search_locations:
        raise BundleError("The lightgbm library is not installed", "Install it: ./carprice up")
    path = Path(next(iter(spec.submodule_search_locations))) / "lib" / "lib_lightgbm.so"
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        if "libgomp" in str(error):
            raise BundleError(
                f"LightGBM needs libgomp, which this machine does not have ({error})",
                "Install it: apt-get install libgomp1",
            ) from None
        raise BundleError(
            f"{path}: cannot be loaded ({error})", "Install it again: rm -r .venv; ./carprice up"
        ) from None
    library.LGBM_GetLastError.restype = ctypes.c_char_p
    return library


@cache
def _load_row_function() -> Any:
    """The prediction of one row, with the interpreter's lock held: releasing it takes longer."""
    return ctypes.PyDLL(_load_library()._name).LGBM_BoosterPredictForMatSingleRowFast


def _call(library: ctypes.CDLL, function: str, *arguments: Any) -> None:
    if getattr(library, function)(*arguments) != 0:
        reason = library.LGBM_GetLastError().decode(errors="replace")
        raise BundleError(f"LightGBM refuses the trees: {reason}", RETRAIN)


class _Booster:
    """LightGBM's model, freed when nothing refers to it any more."""

    def __init__(self, library: ctypes.CDLL, text: str) -> None:
        self.library = library
        self.handle = _Handle()
        iterations = ctypes.byref(ctypes.c_int())
        text_bytes = ctypes.c_char_p(text.encode())
        _call(library, "LGBM_BoosterLoadModelFromString", text_bytes, iterations, ctypes.byref(self.handle))

    def __del__(self) -> None:
        if self.handle:
            self.library.LGBM_BoosterFree(self.handle)


class Trees:
    """A fitted LightGBM model. Rows are float64 in column order, NaN for a missing value.

    Threads may share one instance: each has its own row buffer and prepared call.
    """

    def __init__(self, text: str) -> None:
        """Load trees from LightGBM's text format. Raises BundleError where they are damaged."""
        try:
            columns, safe_text = rebuild_text(text)
        except ValueError as error:
            raise BundleError(f"model.pkl: trees: {error}", RETRAIN) from None
        except MemoryError:
            what = f"model.pkl: trees: {len(text):,} characters need more memory than there is"
            raise BundleError(what, RETRAIN) from None
        self.columns = tuple(columns)
        self._booster = _Booster(_load_library(), safe_text)
        self._thread = threading.local()
        count = ctypes.c_int()
        _call(self._booster.library, "LGBM_BoosterNumberOfTotalModel", self._booster.handle, ctypes.byref(count))
        self.count = count.value

    def predict_row(self, row: list[float]) -> float:
        """The raw score of one row. Raises BundleError where LightGBM fails."""
        try:
            call = self._thread.call
        except AttributeError:
            call = self._thread.call = _RowCall(self._booster, len(self.columns))
        return call(row)  # type: ignore[no-any-return]

    def predict_rows(self, rows: Any, threads: int = 1, *, by_column: bool = False) -> "array[float]":
        """The raw score of each row of a matrix, stored by row or by column in any float64 buffer (array, NumPy).

        Raises ValueError for a buffer of another type or size, BundleError where LightGBM fails.
        """
        return self._predict_matrix(rows, _RAW_SCORE, 1, threads, by_column=by_column)

    def leaves(self, rows: Any) -> "array[float]":
        """The leaf that each row, stored by column, falls into in each tree: a whole number, row after row."""
        return self._predict_matrix(rows, _LEAVES, self.count, 1, by_column=True)

    def contributions(self, row: list[float]) -> list[float]:
        """What each column adds to the raw score, and last the base; they sum to the raw score.

        SHAP values of trees: Lundberg et al., "Consistent individualized feature attribution for tree
        ensembles" (2018), as LightGBM computes them.
        """
        return self._predict_matrix(array("d", row), _CONTRIBUTIONS, len(self.columns) + 1, 1).tolist()

    def _predict_matrix(
        self, rows: Any, kind: int, width: int, threads: int, *, by_column: bool = False
    ) -> "array[float]":
        matrix, columns = memoryview(rows), len(self.columns)
        if matrix.format != "d":
            raise ValueError(f"a matrix should be of float64 (got format {matrix.format})")
        view = matrix.cast("B")
        count, rest = divmod(view.nbytes, 8 * columns)
        if rest:
            raise ValueError(f"a matrix of {view.nbytes // 8} numbers is not rows of {columns}")
        result = array("d", bytes(8 * count * width))
        if not count:
            return result
        data = (ctypes.c_char * view.nbytes).from_buffer(view) if not view.readonly else view.tobytes()
        _call(
            self._booster.library,
            "LGBM_BoosterPredictForMat",
            self._booster.handle,
            data,
            _FLOAT64,
            ctypes.c_int32(count),
            ctypes.c_int32(columns),
            int(not by_column),
            kind,
            0,
            _ALL_TREES,
            f"num_threads={threads}".encode(),
            ctypes.byref(ctypes.c_int64()),
            (ctypes.c_double * len(result)).from_buffer(result),
        )
        return result


class _RowCall:
    """One thread's prepared prediction: LightGBM's FastConfig with the buffers it reads and writes."""

    def __init__(self, booster: _Booster, columns: int) -> None:
        self._booster = booster  # must outlive its FastConfig
        self._library = booster.library
        self._row = (ctypes.c_double * columns)()
        self._score = ctypes.c_double()
        self._config = _Handle()
        _call(
            self._library,
            "LGBM_BoosterPredictForMatSingleRowFastInit",
            booster.handle,
            _RAW_SCORE,
            0,
            _ALL_TREES,
            _FLOAT64,
            ctypes.c_int32(columns),
            b"num_threads=1",
            ctypes.byref(self._config),
        )
        self._predict = _load_row_function()
        self._arguments = (
            self._config,
            ctypes.byref(self._row),
            ctypes.byref(ctypes.c_int64()),
            ctypes.byref(self._score),
        )

    def __call__(self, row: list[float]) -> float:
        self._row[:] = row  # type: ignore[assignment]
        if self._predict(*self._arguments) != 0:
            raise BundleError(
                f"LightGBM cannot price: {self._library.LGBM_GetLastError().decode(errors='replace')}", RETRAIN
            )
        return self._score.value

    def __del__(self) -> None:
        if self._config:
            self._library.LGBM_FastConfigFree(self._config)
