"""Pickles of built-in types only, read by an unpickler that refuses every global: a model file cannot run code."""

import io
import pickle
from typing import Any

from carprice.errors import BundleError

PROTOCOL = 4
MAX_BYTES = 1 << 30


class _PlainUnpickler(pickle.Unpickler):
    """Finds no class and no function, so that no opcode of a pickle has anything to call."""

    def find_class(self, module: str, name: str) -> Any:
        raise BundleError(
            f"names {module}.{name}: only plain values are read, so it was refused and nothing of it ran",
            "Do not use this bundle. Train it again: ./carprice train",
        )


def dump_plain(value: Any) -> bytes:
    """Pickle a value made of dict, list, str, int, float, bytes, bool and None."""
    return pickle.dumps(value, protocol=PROTOCOL)


def load_plain(data: bytes) -> Any:
    """Unpickle what dump_plain wrote. Raises BundleError for a global, and for bytes that are no pickle."""
    try:
        return _PlainUnpickler(io.BytesIO(data)).load()
    except BundleError:
        raise
    except Exception as error:  # a broken pickle raises almost anything
        raise BundleError(f"is not a pickle that can be read ({error})") from None
