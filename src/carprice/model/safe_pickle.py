"""Pickles of built-in types only: loading one can neither run code nor exhaust the memory.

The opcodes are checked before anything is built. Only those that make plain values are allowed, so that nothing
can be called, and no short file can request a huge table (LONG_BINPUT makes the C unpickler allocate one for
whatever number it has). Globals are left to the unpickler, which refuses each by name.
"""

import io
import pickle
import pickletools
from typing import Any

from carprice.errors import BundleError

PROTOCOL = 4
MAX_OPCODES = 5_000_000

_FRAMING = {"PROTO", "FRAME", "STOP", "MARK", "MEMOIZE", "BINGET", "LONG_BINGET"}
_HOLDERS = {"EMPTY_DICT", "SETITEM", "SETITEMS", "EMPTY_LIST", "APPEND", "APPENDS"}
_TEXTS = {"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8"}
_NUMBERS = {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "NEWTRUE", "NEWFALSE", "NONE"}
_PLAIN = frozenset(_FRAMING | _HOLDERS | _TEXTS | _NUMBERS)
_NAMING = frozenset(("GLOBAL", "STACK_GLOBAL", "INST"))
_DISTRUST = "Do not use this bundle. Train it again: ./carprice train"


class _PlainUnpickler(pickle.Unpickler):
    """Refuses every class and function, so that no opcode has anything to call."""

    def find_class(self, module: str, name: str) -> Any:
        raise BundleError(f"names {module}.{name}, and only plain values are read; none of it ran", _DISTRUST)


def dump_plain(value: Any) -> bytes:
    """Pickle a value made of dict, list, str, int, float, bytes, bool and None."""
    return pickle.dumps(value, protocol=PROTOCOL)


def load_plain(data: bytes) -> Any:
    """Unpickle what dump_plain wrote. Raises BundleError for anything that is not a plain value."""
    try:
        _check_opcodes(data)
        return _PlainUnpickler(io.BytesIO(data)).load()
    except BundleError:
        raise
    except Exception as error:  # a broken pickle raises almost anything
        raise BundleError(f"is not a pickle that can be read ({_shorten(str(error))})") from None


def _check_opcodes(data: bytes) -> None:
    for count, (opcode, _, position) in enumerate(pickletools.genops(data)):
        if opcode.name in _NAMING:
            return
        if opcode.name not in _PLAIN:
            raise BundleError(
                f"has {opcode.name} at byte {position}, which no plain value needs; none of it ran", _DISTRUST
            )
        if count >= MAX_OPCODES:
            raise BundleError(f"should have at most {MAX_OPCODES:,} opcodes (got more)", _DISTRUST)


def _shorten(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:100]}..."
