"""Zip and tar archives with one table in them."""

import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import PurePosixPath

from carprice.errors import ListingsError
from carprice.listings.reading.byte_source import UNPACK_ERRORS, ByteSource, check_unpacked, spool
from carprice.listings.reading.formats import EXPECTED

TABLES = (".csv", ".tsv", ".psv", ".xlsx", ".json", ".jsonl", ".ndjson", ".parquet")
MAYBE_TABLES = (".txt", ".gz", ".dat")
SHOWN_NAMES = 10

_DOCUMENTS = {
    "xl/workbook.bin": "a binary Excel workbook (.xlsb)",
    "word/document.xml": "a Word document",
    "ppt/presentation.xml": "a presentation",
    "content.xml": "an OpenDocument file",
}
_WORKBOOK = "xl/workbook.xml"


def is_workbook(source: ByteSource) -> bool:
    """Whether a zip archive is an Excel workbook (.xlsx).

    Raises ListingsError where it is damaged, or a document of another kind.
    """
    names = [member.filename for member in _list_zip(source)]
    for name, what in _DOCUMENTS.items():
        if name in names:
            raise ListingsError(f"{source.name}: is {what}, no table of listings", "Save it as .xlsx or CSV.")
    return _WORKBOOK in names


def unpack_zip(source: ByteSource) -> ByteSource:
    """The one table in a zip archive. Raises ListingsError where it is damaged, or holds none or several."""
    members = {member.filename: member for member in _list_zip(source) if not member.is_dir()}
    name = _choose_table(source, list(members))
    member = members[name]
    if member.flag_bits & 1:
        raise ListingsError(f"{source.name}: is protected by a password", f"Unpack it first: unzip {source.name}")
    check_unpacked(source.name, member.file_size, member.compress_size)
    try:
        with source.open() as stream, zipfile.ZipFile(stream) as archive, archive.open(member) as unpacked:
            return spool(f"{source.name}:{name}", unpacked)
    except (*UNPACK_ERRORS, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise _damage(source, error) from None


def unpack_tar(source: ByteSource) -> ByteSource:
    """The one table in a tar archive. Raises ListingsError where it is damaged, or holds none or several."""
    try:
        with source.open() as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
            names = [member.name for member in archive if member.isfile()]
        name = _choose_table(source, names)
        with source.open() as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                if member.name == name and (unpacked := archive.extractfile(member)):
                    return spool(f"{source.name}:{name}", unpacked)
    except (*UNPACK_ERRORS, OSError, ValueError) as error:
        raise _damage(source, error) from None
    raise ListingsError(f"{source.name}: holds no file {name!r}", "Copy or download it again.")


def _list_zip(source: ByteSource) -> list[zipfile.ZipInfo]:
    try:
        with source.open() as stream, zipfile.ZipFile(stream) as archive:
            return archive.infolist()
    except (*UNPACK_ERRORS, OSError, NotImplementedError, ValueError) as error:
        raise _damage(source, error) from None


def _choose_table(source: ByteSource, names: Sequence[str]) -> str:
    files = [name for name in names if not _is_hidden(name)]
    tables = [name for name in files if name.lower().removesuffix(".gz").endswith(TABLES)]
    tables = tables or [name for name in files if name.lower().endswith(MAYBE_TABLES)] or files
    if len(tables) == 1:
        return tables[0]
    shown = ", ".join(tables[:SHOWN_NAMES]) + (", ..." if len(tables) > SHOWN_NAMES else "")
    if not tables:
        raise ListingsError(f"{source.name}: is an archive without a table", EXPECTED)
    raise ListingsError(
        f"{source.name}: is an archive with {len(tables)} tables: {shown}",
        "Unpack it and name the one you mean, or the folder if they have the same columns.",
    )


def _is_hidden(name: str) -> bool:
    """Whether it is one of the files that systems add to archives."""
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)


def _damage(source: ByteSource, error: BaseException) -> ListingsError:
    return ListingsError(f"{source.name}: is a damaged archive ({error})", "Copy or download it again.")
