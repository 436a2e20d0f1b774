"""What a file is, by its first bytes."""

EXPECTED = (
    "Save the listings as CSV (comma, semicolon, tab or |), .xlsx, JSON, JSON lines or Parquet; "
    ".gz, .zip and .tar.gz are unpacked."
)
HEAD_BYTES = 4 * 1024

GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"
PARQUET = b"PAR1"
_TAR_PLACE, _TAR = 257, b"ustar"

_REFUSED = {
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls), or one with a password",
    b"%PDF": "a PDF file",
    b"PK\x05\x06": "an empty archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"SQLite format 3": "an SQLite database",
    b"\x89HDF": "an HDF5 file",
    b"ARROW1": "an Arrow file",
    b"ORC": "an ORC file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"{\\rtf": "an RTF document",
}
_HINTS = {
    "an old Excel file (.xls), or one with a password": "Open it and save it as .xlsx or CSV.",
    "a bzip2 archive": "Unpack it first: bunzip2 FILE",
    "an xz archive": "Unpack it first: unxz FILE",
    "a Zstandard archive": "Unpack it first: unzstd FILE",
}


def is_tar(head: bytes) -> bool:
    """Whether a file that starts so is a tar archive."""
    return head[_TAR_PLACE : _TAR_PLACE + len(_TAR)] == _TAR


def find_refused(head: bytes) -> tuple[str, str]:
    """What a file that starts so is, where it is none that is read, and what to do; else empty."""
    for start, name in _REFUSED.items():
        if head.startswith(start):
            return name, _HINTS.get(name, EXPECTED)
    return "", ""


def find_refused_text(text: str) -> str:
    """What a text that starts so is, where it is no table; else empty."""
    start = text.lstrip("\ufeff \t\r\n")[:200].lower()
    if start.startswith("<?xml"):
        return "XML"
    if start.startswith(("<!doctype", "<html", "<head", "<body", "<table", "<!--")):
        return "HTML"
    return ""


def is_json(text: str) -> bool:
    """Whether a text that starts so is JSON or JSON lines: an object with a key, or an array."""
    start = "".join(text.lstrip("\ufeff")[:HEAD_BYTES].split())
    return start.startswith(('{"', "{}", "[{", "[]", "[[", "[null", "[1", '["'))
