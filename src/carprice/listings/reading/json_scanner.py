"""JSON read piece by piece: the objects of an array one after the other, however many there are."""

import json
from collections.abc import Iterator
from typing import IO, Any

from carprice.errors import ListingsError

CHUNK_CHARACTERS = 1024 * 1024
MAX_VALUE = 16 * CHUNK_CHARACTERS
"""Characters of one value, such as a listing."""
MAX_DEPTH = 20

Path = tuple[str, ...]
"""The keys that lead to an array."""


def make_decoder() -> json.JSONDecoder:
    """A decoder that leaves numbers as they are written, but for .0 behind whole ones."""
    return json.JSONDecoder(parse_int=str, parse_float=_write_float, parse_constant=lambda _: None, strict=False)


class JsonScanner:
    """Finds the arrays of objects in a JSON text. Raises ListingsError where it is damaged."""

    def __init__(self, text: IO[str], source: str) -> None:
        self._text = text
        self._source = source
        self._decoder = make_decoder()
        self._buffer = ""
        self._place = 0
        self._is_last = False
        self._line = 1

    def read_arrays(self) -> Iterator[tuple[Path, Any]]:
        """Yield each element of each array that starts with an object, with the keys that lead to the array."""
        yield from self._read_value((), 0)
        if self._peek():
            raise self._damage("something follows its end")

    def _read_value(self, path: Path, depth: int) -> Iterator[tuple[Path, Any]]:
        mark = self._peek()
        if depth > MAX_DEPTH:
            raise self._damage("it is nested too deep")
        if mark == "[":
            yield from self._read_array(path)
        elif mark == "{":
            self._take("{")
            while self._peek() != "}":
                key = self._decode()
                if not isinstance(key, str):
                    raise self._damage("a key is missing")
                self._take(":")
                yield from self._read_value((*path, key), depth + 1)
                if self._peek() != "}":
                    self._take(",")
            self._take("}")
        else:
            self._decode()

    def _read_array(self, path: Path) -> Iterator[tuple[Path, Any]]:
        self._take("[")
        is_table = self._peek() == "{"
        while self._peek() != "]":
            element = self._decode()
            if is_table:
                yield path, element
            if self._peek() != "]":
                self._take(",")
        self._take("]")

    def _decode(self) -> Any:
        """The value at the place, read whole."""
        while True:
            self._peek()
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._place)
            except json.JSONDecodeError as error:
                if self._is_last or len(self._buffer) - self._place > MAX_VALUE:
                    raise self._damage(error.msg) from None
                self._fill()
                continue
            except RecursionError:
                raise self._damage("it is nested too deep") from None
            if end == len(self._buffer) and not self._is_last:
                # A number may go on.
                self._fill()
                continue
            self._place = end
            return value

    def _peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            while self._buffer[self._place : self._place + 1].isspace():
                self._place += 1
            if self._place < len(self._buffer):
                return self._buffer[self._place]
            if self._is_last:
                return ""
            self._fill()

    def _take(self, mark: str) -> None:
        if self._peek() != mark:
            raise self._damage(f"{mark!r} is missing")
        self._place += 1

    def _fill(self) -> None:
        self._line += self._buffer.count("\n", 0, self._place)
        more = self._text.read(CHUNK_CHARACTERS)
        self._is_last = not more
        self._buffer = self._buffer[self._place :] + more
        self._place = 0

    def _damage(self, what: str) -> ListingsError:
        line = self._line + self._buffer.count("\n", 0, self._place)
        return ListingsError(f"{self._source}: line {line}: is damaged JSON ({what})", "Copy or export it again.")


def _write_float(text: str) -> str:
    whole = text.rstrip("0")
    return whole[:-1] if whole.endswith(".") else text
