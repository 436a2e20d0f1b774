"""What is wrong with a listings file that cannot be read: a slow second reading that names line and value."""

import codecs
import csv
from typing import TYPE_CHECKING

from carprice.errors import ListingsError

if TYPE_CHECKING:
    from carprice.listings.listings_file import ListingsFile

EXPECTED = "Save the listings as CSV in UTF-8 (comma, semicolon or tab), gzipped CSV, or Parquet."
CHUNK_BYTES = 1024 * 1024
SHOWN_CHARACTERS = 60

_OTHER_FORMATS = {
    b"PK\x03\x04": "a spreadsheet or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"%PDF": "a PDF file",
    b"<": "HTML or XML",
    b"{": "JSON",
    b"[": "JSON",
}


def explain_head(head: bytes) -> str:
    """Why a file that starts with these bytes is no CSV; empty where it may be one."""
    for start, name in _OTHER_FORMATS.items():
        if head.startswith(start):
            return f"is {name}, not CSV"
    if b"\0" in head:
        return f"is not CSV (byte {head.index(0)} is zero)"
    if not head.strip():
        return "is empty"
    return "" if head.removeprefix(codecs.BOM_UTF8).splitlines()[0].strip() else "line 1: is empty, not a header"


def csv_error(listings: "ListingsFile", message: str) -> ListingsError:
    """Why the CSV parser stopped, with line and value; its own message where no cause is found."""
    if problem := _find_bad_bytes(listings):
        source = f"zcat {listings.path} | iconv" if listings.is_gzip else f"iconv {listings.path}"
        return ListingsError(f"{listings.path}: {problem}", f"Convert it: {source} -f WINDOWS-1252 -t UTF-8")
    problem = _find_ragged_line(listings) or f"is not CSV ({message})"
    return ListingsError(f"{listings.path}: {problem}", EXPECTED)


def shorten(text: str) -> str:
    """The text in quotes as messages show values: on one line, cut after 60 characters."""
    return repr(text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…")


def _find_bad_bytes(listings: "ListingsFile") -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset, line = 0, 1
    with listings.open_bytes() as raw:
        while True:
            data = raw.read(CHUNK_BYTES)
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                at = offset - pending + error.start
                line += error.object.count(b"\n", 0, error.start)
                return f"line {line}: is not UTF-8 (byte {at} is 0x{error.object[error.start]:02x})"
            if not data:
                return ""
            offset += len(data)
            line += data.count(b"\n")


def _find_ragged_line(listings: "ListingsFile") -> str:
    expected = len(listings.columns)
    with listings.open_text() as text:
        reader = csv.reader(text, delimiter=listings.delimiter)
        line = 1
        try:
            for fields in reader:
                if fields and len(fields) != expected:
                    row = shorten(listings.delimiter.join(fields))
                    return f"line {line}: should have {expected} fields, has {len(fields)}: {row}"
                line = reader.line_num + 1
        except csv.Error:
            return f"line {line}: a quote is opened and never closed"
    return "" if line > 2 else "has a header and no listings"
