"""Pickles of built-in types only: loading one can neither run code nor exhaust the memory.

The opcodes are checked before anything is built. Only those that make plain values are allowed, so that nothing
can be called, and no short file can request a huge table (LONG_BINPUT makes the C unpickler allocate one for
whatever number it has). Keys are texts: numbers can be chosen so that a dict of them takes time that grows with
its square. Globals are left to the unpickler, which refuses each by name. What was built is counted as if nothing
in it were shared: thirty lists, each with the one before in it ten times, are more than any memory once they are
written out.
"""

import io
import pickle
import pickletools
from typing import Any

from carprice.errors import BundleError

PROTOCOL = 4
MAX_OPCODES = 5_000_000
MAX_VALUES = 5_000_000
MAX_DEPTH = 20
"""Of lists and dicts in each other; a bundle has five."""

_FRAMING = {"PROTO", "FRAME", "STOP", "MARK", "MEMOIZE", "BINGET", "LONG_BINGET"}
_HOLDERS = {"EMPTY_DICT", "SETITEM", "SETITEMS", "EMPTY_LIST", "APPEND", "APPENDS"}
_TEXTS = {"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8"}
_NUMBERS = {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "NEWTRUE", "NEWFALSE", "NONE"}
_KEYS = frozenset(("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"))
_FILLING = {"APPEND": 1, "SETITEM": 2, "APPENDS": 0, "SETITEMS": 0}
"""How many values they take; 0: all from the last mark on."""
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
        value = _PlainUnpickler(io.BytesIO(data)).load()
        _check_size(value)
    except BundleError:
        raise
    except Exception as error:  # a broken pickle raises almost anything
        raise BundleError(f"is not a pickle that can be read ({_shorten(str(error))})") from None
    return value


def _check_opcodes(data: bytes) -> None:
    keys = _KeyCheck()
    for count, (opcode, argument, position) in enumerate(pickletools.genops(data)):
        if opcode.name in _NAMING:
            return
        if opcode.name not in _PLAIN:
            raise BundleError(
                f"has {opcode.name} at byte {position}, which no plain value needs; none of it ran", _DISTRUST
            )
        if count >= MAX_OPCODES:
            raise BundleError(f"should have at most {MAX_OPCODES:,} opcodes (got more)", _DISTRUST)
        if not keys.follow(opcode.name, argument):
            raise BundleError(f"has a key at byte {position} that is not a text; none of it ran", _DISTRUST)


class _KeyCheck:
    """Follows the unpickler's stack as far as to tell texts from other values, None standing for a mark."""

    def __init__(self) -> None:
        self._stack: list[bool | None] = []
        self._memo: list[bool | None] = []

    def follow(self, name: str, argument: Any) -> bool:
        """Whether the keys that this opcode puts into a dict, if any, are texts. Raises IndexError, KeyError."""
        stack = self._stack
        if name in _FRAMING:
            if name == "MARK":
                stack.append(None)
            elif name == "MEMOIZE":
                self._memo.append(stack[-1])
            elif name in ("BINGET", "LONG_BINGET"):
                stack.append(self._memo[argument])
            return True
        if name not in _FILLING:
            stack.append(name in _KEYS)
            return True
        if name in ("APPEND", "SETITEM"):
            items = stack[-_FILLING[name] :]
            del stack[-len(items) :]
        else:
            items = self._pop_to_mark()
        return name.startswith("APPEND") or all(items[::2])

    def _pop_to_mark(self) -> list[bool | None]:
        place = len(self._stack) - 1
        while self._stack[place] is not None:
            place -= 1
        items = self._stack[place + 1 :]
        del self._stack[place:]
        return items


def _check_size(value: Any) -> None:
    if _count_values(value, {}, 0) > MAX_VALUES:
        raise BundleError(f"should have at most {MAX_VALUES:,} values (got more)", _DISTRUST)


def _count_values(value: Any, counts: dict[int, int], depth: int) -> int:
    """How many values there would be if none were shared. counts: of each list and dict seen, by its id."""
    if type(value) not in (dict, list):
        return 1
    if depth > MAX_DEPTH:  # it may be in itself
        raise BundleError(f"should have at most {MAX_DEPTH} lists and dicts in each other (got more)", _DISTRUST)
    if id(value) not in counts:
        items = value if isinstance(value, list) else value.values()
        inner = sum(_count_values(item, counts, depth + 1) for item in items if type(item) in (dict, list))
        counts[id(value)] = inner + len(value)
    return counts[id(value)]


def _shorten(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:100]}..."
