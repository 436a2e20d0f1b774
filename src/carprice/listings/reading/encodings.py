"""The encoding of a text file: UTF-8 and UTF-16 by their bytes, older ones by what their letters spell."""

import codecs
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import IO, cast

import charset_normalizer

from carprice.errors import ListingsError
from carprice.listings.reading.byte_source import CHUNK_BYTES, ByteSource, read_whole_lines
from carprice.listings.reading.encoding_plausibility import LABELS, compare_texts, rate_text
from carprice.listings.reading.row_lines import shorten

SAMPLE_BYTES = 256 * 1024
MIN_PLAUSIBILITY = 0.6
"""Of 1: how much of the text must be letters as words of one language have them."""
MIN_LEAD = 0.05
"""How much more plausible the first must be than the second that reads the text otherwise."""
ANY_ENCODING = "--encoding NAME, such as windows-1252, cp850 or mac-roman"
MAX_CHAOS = 0.5
UNLIKELY = 0.3
"""Taken off where charset-normalizer does not hold it for a text, as the chaos that it finds is elsewhere."""

FEW_CONTROLS, MAX_CONTROLS = 2, 0.01
"""Control bytes in the head of a text, of which zeros are some; the share that they may be of it."""
_TEXT_CONTROLS = b"\t\n\r\f\v\x1a\x1b"

_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_WITHOUT_BOM = ("utf-16-le", "utf-16-be")
# Not |, which is half of a character in some encodings.
_HIGH_FIELD = re.compile(rb'[^\n\t,;"]*[\x80-\xff][^\n\t,;"]*')
_UTF8 = ("utf-8", "utf-8-sig")
_ISO_2022 = b"\x1b$"


@dataclass(frozen=True)
class Encoding:
    """A codec of Python's, and a note where it is not UTF-8."""

    codec: str
    note: str = ""


def find_encoding(source: ByteSource, wanted: str = "", has_lines: bool = True) -> Encoding:
    """The encoding of all of a source; wanted: what the user says it is. has_lines: as a table has.

    Raises ListingsError where it cannot be told, is not the one wanted, or a line has no end.
    """
    if wanted:
        return _check_wanted(source, wanted)
    head = source.read_head()
    for mark, codec in _BOMS.items():
        if head.startswith(mark):
            return Encoding(codec, "" if codec == "utf-8-sig" else f"Read as {codec.upper()}")
    if b"\0" in head and not (has_lines and _has_stray_zeros(head)):
        return _find_utf16(source, head)
    found = _scan_utf8(source, has_lines)
    if found.is_utf8:
        return Encoding("utf-8")
    return _find_legacy(source, found.sample)


def open_utf8(source: ByteSource, codec: str, joins_returns: bool = False) -> IO[bytes]:
    """The source's text as UTF-8, without a byte-order mark. joins_returns: lone \\r end its lines."""
    stream = source.open()
    if codec in _UTF8 and not joins_returns:
        if cast(io.BufferedReader, stream).peek(len(codecs.BOM_UTF8)).startswith(codecs.BOM_UTF8):
            stream.read(len(codecs.BOM_UTF8))
        return stream
    return cast(IO[bytes], io.BufferedReader(_Utf8Stream(stream, codec, source.name, joins_returns), CHUNK_BYTES))


@dataclass(frozen=True)
class _Scan:
    """Whether a file is UTF-8, but for fewer fields than it has in UTF-8; else some fields that are not ASCII."""

    is_utf8: bool
    sample: bytes


def _scan_utf8(source: ByteSource, has_lines: bool) -> _Scan:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with source.open() as stream:
        parts = iter(partial(stream.read, CHUNK_BYTES), b"")
        for data in read_whole_lines(stream, source.name) if has_lines else parts:
            if _ISO_2022 in data:
                return _Scan(False, data[:SAMPLE_BYTES])
            if data.isascii() and not decoder.getstate()[0]:
                continue
            try:
                decoder.decode(data)
            except UnicodeDecodeError:
                break
        else:
            if not decoder.getstate()[0]:
                return _Scan(True, b"")
    return _sample_fields(source)


def _sample_fields(source: ByteSource) -> _Scan:
    """Of fields that are not ASCII: are more of them UTF-8 than not? And the first of those that are not."""
    good = bad = size = 0
    sample: list[bytes] = []
    with source.open() as stream:
        while size < SAMPLE_BYTES and (data := stream.read(CHUNK_BYTES)):
            data += stream.readline(CHUNK_BYTES)
            for text in _HIGH_FIELD.findall(data) if not data.isascii() else ():
                if _is_utf8(text):
                    good += 1
                else:
                    bad += 1
                    sample.append(text[:SAMPLE_BYTES])
                    size += len(text)
    return _Scan(good > bad, b"\n".join(sample))


def _find_legacy(source: ByteSource, sample: bytes) -> Encoding:
    """The older encoding that spells words, checked over the whole source."""
    if _ISO_2022 in sample:
        return Encoding("iso2022_jp", "Read as iso-2022-jp")
    matches = charset_normalizer.from_bytes(sample, cp_isolation=list(LABELS), threshold=MAX_CHAOS)
    chaos = {str(match): match.chaos for match in matches}
    rated: dict[str, tuple[float, str]] = {}
    for codec in LABELS:
        text = _decode_or_none(sample, codec)
        if text is not None and text not in rated:
            rated[text] = (rate_text(text, codec) - min(chaos.get(text, UNLIKELY), UNLIKELY), codec)
    ranking = sorted(rated.items(), key=lambda item: -item[1][0])
    for place, (text, (score, codec)) in enumerate(ranking):
        close = [(other, name) for other, (rate, name) in ranking[place + 1 :] if rate > score - MIN_LEAD]
        others = [other for other in close if compare_texts((text, codec), other) < MIN_LEAD]
        if score < MIN_PLAUSIBILITY:
            break
        if others:
            raise _undecided(source, [(text, codec), *others])
        if _decodes_whole(source, codec):
            return Encoding(codec, f"Read as {LABELS[codec]}")
    raise _undecided(source, [])


def _undecided(source: ByteSource, found: list[tuple[str, str]]) -> ListingsError:
    words = [re.split(r"[\s,;|\"]+", text) for text, _ in found[:3]]
    examples: tuple[str, ...] = next((row for row in zip(*words, strict=False) if len(set(row)) > 1), ())
    readings = "; ".join(
        f"{shorten(word)} in {LABELS[codec]}" for word, (_, codec) in zip(examples, found, strict=False)
    )
    options = " or ".join(f"--encoding {LABELS[codec]}" for _, codec in found[:3]) or ANY_ENCODING
    return ListingsError(
        f"{source.name}: is not UTF-8, and its encoding cannot be told{': ' if readings else ''}{readings}",
        f"Say which it is: {options}",
    )


def _check_wanted(source: ByteSource, wanted: str) -> Encoding:
    try:
        codec = codecs.lookup(wanted).name
        codecs.getincrementaldecoder(codec)
        "".encode(codec)
    except (LookupError, ValueError):
        raise ListingsError(
            f"--encoding: {wanted!r} is no encoding",
            "Such as utf-8, utf-16, windows-1252, windows-1251, shift_jis.",
        ) from None
    codec = {"utf-8": "utf-8-sig"}.get(codec, codec)
    if problem := _find_undecodable(source, codec, wanted):
        raise ListingsError(f"{source.name}: {problem}", "Name another --encoding, or leave it out.")
    return Encoding(codec, f"Read as {wanted}")


def _has_stray_zeros(head: bytes) -> bool:
    """Whether a text has a few zero bytes, none in its first line; binary files and UTF-16 have them all over."""
    lines = head.lstrip().splitlines()
    controls = sum(byte < ord(" ") and byte not in _TEXT_CONTROLS for byte in head)
    return b"\0" not in lines[0] and controls <= max(FEW_CONTROLS, MAX_CONTROLS * len(head))


def _find_utf16(source: ByteSource, head: bytes) -> Encoding:
    """UTF-16 without a byte-order mark, known by delimiters, digits and line ends that make sense."""
    whole = head[: len(head) // 2 * 2]
    scores = {}
    for codec in _WITHOUT_BOM:
        text = whole.decode(codec, errors="replace")
        scores[codec] = sum(mark in '\n\t,;|" 0123456789' for mark in text) / max(len(text), 1)
    codec = max(scores, key=lambda name: scores[name])
    place = head.index(b"\0")
    if scores[codec] < 0.1 or _find_undecodable(source, codec):
        raise ListingsError(f"{source.name}: is no text (byte {place} is zero)", "Is it the file you meant?")
    return Encoding(codec, f"Read as {codec.upper()}")


def _decodes_whole(source: ByteSource, codec: str) -> bool:
    return not _find_undecodable(source, codec)


def _find_undecodable(source: ByteSource, codec: str, name: str = "") -> str:
    """The first place that is not in this encoding, which people call `name`; empty where all of it is."""
    decoder = codecs.getincrementaldecoder(codec)()
    line = 1
    with source.open() as stream:
        while True:
            data = stream.read(CHUNK_BYTES)
            try:
                text = decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                line += error.object.count(b"\n", 0, error.start)
                return f"line {line}: is not {name or codec} (byte 0x{error.object[error.start]:02x})"
            if not data:
                return ""
            line += text.count("\n")


def _decode_or_none(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return None


def _is_utf8(data: bytes) -> bool:
    return _decode_or_none(data, "utf-8") is not None


class _Utf8Stream(io.RawIOBase):
    """A stream in another encoding as UTF-8."""

    def __init__(self, stream: IO[bytes], codec: str, name: str, joins_returns: bool) -> None:
        self._stream = stream
        self._decode: Callable[..., str] = codecs.getincrementaldecoder(codec)(
            "strict" if codec not in _UTF8 else "surrogateescape"
        ).decode
        self._name = name
        self._codec = codec
        self._joins_returns = joins_returns
        self._pending = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        while not self._pending:
            data = self._stream.read(CHUNK_BYTES)
            text = self._decode_chunk(data)
            if self._joins_returns:
                text = text.replace("\r", "\n")
            self._pending = text.encode("utf-8", "surrogateescape")
            if not data:
                break
        taken, self._pending = self._pending[: len(view)], self._pending[len(view) :]
        view[: len(taken)] = taken
        return len(taken)

    def _decode_chunk(self, data: bytes) -> str:
        try:
            return self._decode(data, final=not data)
        except UnicodeDecodeError as error:
            raise ListingsError(
                f"{self._name}: is not {self._codec} throughout ({error.reason})", "Name another --encoding."
            ) from None

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()
