"""Whatever a CSV file holds, reading it fails only with ListingsError, and counts every row once."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carprice.errors import ListingsError
from carprice.listings.reading import csv_rows
from carprice.listings.reading.header import DELIMITERS
from carprice.listings.reading.listings_file import ListingsFile

COLUMNS = ["make", "model", "year", "price"]
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1251", "cp1252", "shift_jis", "gb18030")
Table = tuple[str, list[list[str]], str]
TEXTS = st.text(st.sampled_from("abXY 19.é\"Ж,;|\t'\n"), max_size=8)
PROSE = st.text(st.sampled_from('abXY\n" '), max_size=12)
PLAIN = st.text(st.sampled_from("abXY19."), min_size=1, max_size=8)

quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few rows, so that rows lie across their borders."""
    monkeypatch.setattr(csv_rows, "BLOCK_BYTES", 200)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files") / "cars.csv"


def read(path: Path, data: bytes) -> tuple[ListingsFile, pl.DataFrame] | None:
    """The file and its rows; None where it is refused."""
    path.write_bytes(data)
    try:
        file = ListingsFile(path)
        return file, pl.concat(file.read_batches())
    except ListingsError:
        return None


def lines_of(file: ListingsFile, rows: int) -> list[int]:
    return file.find_lines(range(file.first_line, file.first_line + rows))


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """A delimiter, rows of any text, and how they are written."""
    delimiter = draw(st.sampled_from(DELIMITERS))
    rows = draw(st.lists(st.lists(TEXTS, min_size=4, max_size=4), min_size=1, max_size=40))
    return delimiter, rows, draw(st.sampled_from(("\n", "\r\n")))


@pytest.mark.slow
@quick
@given(table=tables(), quoting=st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)))
def test_what_a_csv_writer_writes_is_read(
    path: Path, table: tuple[str, list[list[str]], str], quoting: int
) -> None:
    delimiter, rows, end = table
    rows = [["Ford", "Focus", "2015", "5000"]] * 5 + [["x", *row[1:]] for row in rows]
    output = io.StringIO(newline="")
    writer = csv.writer(output, delimiter=delimiter, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    found = read(path, output.getvalue().encode())
    assert found is not None
    file, frame = found
    if not file.dropped:
        assert [[value or "" for value in row] for row in frame.rows()] == [[*row] for row in rows]
    assert frame.height + sum(row.count for row in file.dropped) >= len(rows)


@quick
@given(
    counts=st.lists(st.one_of(st.just(4), st.integers(0, 7)), min_size=1, max_size=60),
    delimiter=st.sampled_from(DELIMITERS),
    end=st.sampled_from(("\n", "\r\n")),
    encoding=st.sampled_from(ENCODINGS),
)
def test_every_line_is_kept_or_dropped(
    path: Path, counts: list[int], delimiter: str, end: str, encoding: str
) -> None:
    lines = [delimiter.join(COLUMNS), *(delimiter.join(["a1"] * count) for count in counts)]
    found = read(path, (end.join(lines) + end).encode(encoding))
    if found is None:
        return
    file, frame = found
    if file.columns != COLUMNS:
        return
    dropped = {row.reason: row.count for row in file.dropped}
    assert frame.height == counts.count(4)
    assert dropped.get("too few fields", 0) == sum(0 < count < 4 for count in counts)
    assert dropped.get("too many fields", 0) == sum(count > 4 for count in counts)
    assert lines_of(file, frame.height) == [number for number, count in enumerate(counts, 2) if count == 4]


@pytest.mark.slow
@quick
@given(
    rows=st.lists(st.lists(PLAIN, min_size=4, max_size=4), min_size=6, max_size=60),
    quotes=st.lists(st.tuples(st.integers(0, 59), st.integers(0, 40)), max_size=3),
)
def test_a_stray_quote_costs_no_other_row(
    path: Path, rows: list[list[str]], quotes: list[tuple[int, int]]
) -> None:
    lines = [",".join(row) for row in rows]
    hit = set()
    for row, place in quotes:
        if row < len(lines):
            lines[row] = f'{lines[row][:place]}"{lines[row][place:]}'
            hit.add(row)
    found = read(path, "\n".join([",".join(COLUMNS), *lines]).encode())
    if found is None:
        return
    file, frame = found
    kept = {number - 2 for number in lines_of(file, frame.height)}
    if len(hit) <= 1:
        assert frame.height + sum(row.count for row in file.dropped) == len(rows)
        assert kept >= set(range(len(rows))) - hit


@pytest.mark.slow
@quick
@given(rows=st.lists(st.lists(PROSE, min_size=1, max_size=6), min_size=6, max_size=40))
def test_a_record_of_several_lines_counts_once(path: Path, rows: list[list[str]]) -> None:
    rows = [["Ford", "Focus", "2015", "5000"]] * 5 + [["x", *row] for row in rows]
    output = io.StringIO(newline="")
    csv.writer(output).writerows([COLUMNS, *rows])
    found = read(path, output.getvalue().encode())
    if found is None:
        return
    file, frame = found
    assert [*frame.rows()] == [tuple(row) for row in rows if len(row) == len(COLUMNS)]
    assert frame.height + sum(row.count for row in file.dropped) == len(rows)


@quick
@given(data=st.binary(max_size=400))
def test_any_bytes(path: Path, data: bytes) -> None:
    read(path, data)


@quick
@given(
    data=st.binary(max_size=60),
    start=st.sampled_from((b"PAR1", b"PK\x03\x04", b"\x1f\x8b", b"[{", b'{"a":', b"a,b\n")),
)
def test_any_bytes_behind_a_known_start(path: Path, start: bytes, data: bytes) -> None:
    read(path, start + data)


def mutations(data: bytes) -> Iterator[bytes]:
    """A hundred changed bytes, one at a time."""
    for place in range(0, len(data), max(1, len(data) // 100)):
        yield data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]


def test_mutated_parquet(path: Path) -> None:
    output = io.BytesIO()
    pl.DataFrame({"make": ["Ford", "Škoda"] * 50, "price": range(100)}).write_parquet(output)
    for data in mutations(output.getvalue()):
        read(path, data)
