"""The header of a CSV file: its delimiter, where it stands, and a name for each column."""

import csv
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from carprice.errors import ListingsError
from carprice.listings.reading.formats import EXPECTED
from carprice.listings.reading.row_lines import shorten
from carprice.listings.reading.units_row import UNITS_TAKEN, join_units

DELIMITERS = ("\t", ";", "|", ",")
"""Where two are as likely, the first: a comma stands in prices and prose too."""
SAMPLE_LINES = 400
MAX_SKIPPED = 20
MAX_RECORD_LINES = 50
"""A longer record with another number of fields than most has an open quote."""
MAX_HIDDEN_SHARE = 0.5
"""Of the lines of the sample, inside such records; where more are, each line is taken by itself."""
MAX_COLUMNS = 10_000
MIN_SURE_FIELDS = 3
"""A delimiter that divides every line into as many is one; a decimal comma may stand once in each."""
HEADER_MISMATCH = 0.5
"""How likely a delimiter is that divides the header into another number of fields than the lines below."""
MOST_ROWS = 0.9
MIN_REPEATED = 2
"""So many cells of a header that stand in their columns too make it a listing."""

_SEPARATOR = re.compile(r"^\ufeff?\"?sep=(.)\"?$", re.IGNORECASE)
_NUMBER = re.compile(r"^[^\w\s]{0,2}\s?\d[\d.,'\s]*[^\W\d]{0,3}$")

Record = tuple[list[str], int]
"""The fields of a record, and the number of lines up to its end."""


@dataclass(frozen=True)
class Header:
    """What the head of a CSV file says.

    columns: a name for each field, None where it is left out. lines: how many lines the header ends behind.
    notes: what was skipped, left out or named.
    """

    delimiter: str
    columns: list[str | None]
    lines: int
    notes: list[str]


def find_header(lines: Sequence[str], source: str) -> Header:
    """The header of a file that starts with these lines. Raises ListingsError where there is none."""
    named = _find_separator_line(lines)
    above = 1 if named and len(lines) > 1 else 0
    delimiter = named or _choose_delimiter(lines)
    records = [(fields, end + above) for fields, end in _read_records(delimiter, lines[above:])]
    if not records:
        raise ListingsError(f"{source}: has no header", EXPECTED)
    place = find_header_record(records)
    names, last = records[place]
    skipped = records[place - 1][1] if place else above
    notes = _describe_skipped(lines, skipped) if skipped else []
    if len(records) > place + 1 and (with_units := join_units(names, records[place + 1][0])):
        place, names, last = place + 1, with_units, records[place + 1][1]
        notes.append(UNITS_TAKEN)
    rows = [fields for fields, _ in records[place + 1 :] if fields != names]
    names = _match_rows(names, rows, notes)
    columns = name_columns(names, rows, notes)
    if len(columns) > MAX_COLUMNS:
        raise ListingsError(f"{source}: line {last}: has {len(columns):,} columns", "Is it the file you meant?")
    check_header(names, rows, source, f"line {last}", delimiter)
    return Header(delimiter, columns, last, notes)


def find_header_record(records: Sequence[Record]) -> int:
    """Which of a file's first records is the header: the first that is no title, which fills few fields."""
    usual, _ = _find_usual([len(fields) for fields, _ in records])
    for place, (fields, _) in enumerate(records[:MAX_SKIPPED]):
        filled = sum(bool(field.strip("\ufeff \t")) for field in fields)
        if (
            usual < 2
            or len(fields) == usual == 2
            or len(fields) > usual
            or (filled > 1 and 2 * len(fields) > usual)
        ):
            return place + _is_group_row(records[place : place + MAX_SKIPPED])
    return 0


def _is_group_row(records: Sequence[Record]) -> bool:
    """Whether the first record names groups of columns (`Car, Car, Sale`), and the next one the columns."""
    groups, names, *rows = [[field.strip("\ufeff \t") for field in fields] for fields, _ in records] + [[], []]
    is_named = 2 < len(names) >= len(groups) and all(names) and len(set(names)) == len(names)
    if not is_named or len(set(filter(None, groups))) > len(names) / 2 or any(map(_NUMBER.match, names)):
        return False
    below = [row for row in rows if len(row) == len(names)]
    return any(below and all(_NUMBER.match(row[place]) for row in below) for place in range(len(names)))


def name_columns(names: Sequence[str], rows: Sequence[Sequence[str]], notes: list[str]) -> list[str | None]:
    """A name for each column: numbered where it stands twice, by its place where it has none.

    A column without a name and without values in the rows is left out (None). Numbering loses nothing and gives
    the same names each time; the market file, which names its columns, shows which one was meant.
    """
    stripped = [name.strip().removeprefix("\ufeff").strip() for name in names]
    taken = set(stripped)
    seen: set[str] = set()
    columns: list[str | None] = []
    for place, name in enumerate(stripped):
        if not name and not any(row[place].strip() for row in rows if place < len(row)):
            columns.append(None)
            continue
        column = name or f"column_{place + 1}"
        if column in seen or (not name and column in taken):
            column = _number(column, taken | seen)
            notes.append(f"Column {name!r} is there twice: the one at place {place + 1} is called {column!r}")
        elif not name:
            notes.append(f"Column {place + 1} has no name: it is called {column!r}")
        seen.add(column)
        columns.append(column)
    if left_out := columns.count(None):
        notes.append(f"Left out {left_out} empty column{'s' if left_out > 1 else ''} without a name")
    return columns


def is_named_by_place(column: str) -> bool:
    """Whether a column's name is one that name_columns gives where there is none."""
    return re.fullmatch(r"column_[0-9]+", column) is not None


def check_header(
    names: Sequence[str], rows: Sequence[Sequence[str]], source: str, place: str, delimiter: str = ","
) -> None:
    """Raises ListingsError where the names look like a row of the table."""
    numeric = alike = repeated = 0
    for index, name in enumerate(names):
        values = [row[index].strip() for row in rows if index < len(row) and row[index].strip()]
        if values and sum(bool(_NUMBER.match(value)) for value in values) > MOST_ROWS * len(values):
            numeric += 1
            alike += bool(_NUMBER.match(name.strip()))
        elif name.strip() in values:
            repeated += 1
    is_counted = [name.strip() for name in names] == [str(index) for index in range(len(names))]
    if is_counted or not ((alike and alike >= numeric / 2) or (repeated >= MIN_REPEATED and not numeric)):
        return
    made = delimiter.join(f"name{index + 1}" for index in range(len(names)))
    raise ListingsError(
        f"{source}: {place} looks like a listing, not a header: {shorten(delimiter.join(names))}",
        f"Put the names of the columns above it: (echo '{made}'; cat {source}) > with-header.csv",
    )


def _match_rows(names: list[str], rows: Sequence[Sequence[str]], notes: list[str]) -> list[str]:
    """The names with one more or less where all rows have a delimiter at the end, or an index in front."""
    if not rows:
        return names
    usual, times = _find_usual([len(row) for row in rows])
    if times < MOST_ROWS * len(rows) or abs(usual - len(names)) != 1:
        return names
    if usual < len(names):
        return names if names[-1].strip() else names[:-1]
    if not any(row[-1].strip() for row in rows if len(row) == usual):
        return [*names, ""]
    notes.append("Rows have one field more than the header: the first is taken as an index without a name")
    return ["", *names]


def _find_separator_line(lines: Sequence[str]) -> str:
    """The delimiter that a first line such as `sep=;` names."""
    found = _SEPARATOR.match(lines[0].strip(" \r\n"))
    return found[1] if found else ""


def _choose_delimiter(lines: Sequence[str]) -> str:
    """The likeliest delimiter: of those that divide every line alike, the header too, where there are any, for
    others may stand in a column of lists."""
    counts = {mark: [len(fields) for fields, _ in _read_records(mark, lines)] for mark in DELIMITERS}
    perfect = [mark for mark, found in counts.items() if len({*found}) == 1 and min(found) >= MIN_SURE_FIELDS]
    return max(perfect or DELIMITERS, key=lambda mark: _rate(counts[mark]))


def _rate(counts: Sequence[int]) -> float:
    """How likely a delimiter is: by how many fields, in how many of the records alike, the header's too."""
    if not counts:
        return 0.0
    usual, times = _find_usual(counts)
    first = next((count for count in counts if count > 1), 1)
    return times / len(counts) * math.log(usual) * (1 if first == usual else HEADER_MISMATCH)


def _find_usual(counts: Sequence[int]) -> tuple[int, int]:
    """The most common number of fields, and how often it is there."""
    return max(Counter(counts).items(), key=lambda item: item[1])


def _read_records(delimiter: str, lines: Sequence[str]) -> list[Record]:
    records = list(_read_csv(delimiter, lines))
    if _count_hidden(records, lines) > MAX_HIDDEN_SHARE * len(lines):
        records = [
            (fields, number)
            for number, line in enumerate(lines, 1)
            for fields, _ in _read_csv(delimiter, [line.rstrip("\r\n")])
        ]
    return records


def _count_hidden(records: Sequence[Record], lines: Sequence[str]) -> int:
    """The lines inside records with an open quote."""
    ends = [0, *(end for _, end in records), len(lines)]
    counts = [*(len(fields) for fields, _ in records), 0]
    usual, _ = _find_usual(counts)
    lengths = [end - start for start, end in pairwise(ends)]
    pairs = zip(lengths, counts, strict=True)
    return sum(length for length, count in pairs if length > MAX_RECORD_LINES and count != usual)


def _read_csv(delimiter: str, lines: Sequence[str]) -> Iterator[Record]:
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    try:
        for fields in reader:
            if any(field.strip("\ufeff \t") for field in fields):
                yield fields, reader.line_num
    except csv.Error:
        # A field without an end; the lines behind it are no help either.
        return


def _describe_skipped(lines: Sequence[str], count: int) -> list[str]:
    text = " ".join(line.strip("\ufeff \r\n") for line in lines[:count])
    return [f"Skipped line {'1' if count == 1 else f'1 to {count}'} above the header: {shorten(text.strip())}"]


def _number(name: str, taken: set[str]) -> str:
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"
