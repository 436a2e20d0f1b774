"""The rows of a file of feedback: JSON lines, a JSON list, or CSV whose columns are the members and the fields."""

import csv
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from carprice.errors import FeedbackError, ListingsError
from carprice.feedback.reading import MEMBERS
from carprice.market.market_file import Market
from carprice.model.listing import parse_fields
from carprice.names import MIB

MAX_BYTES = 256 * MIB
ADDED = ("id", "received", "answer")
"""What an export has besides what was sent."""
STDIN = Path("-")
FORMS = (
    'each line as {"listing": {...}, "price": 9400, "kind": "sold", "day": "2020-06-01"}, or CSV with such columns'
)

Row = tuple[int, Any]
"""Its number, from 1, and its object; a FeedbackError where it cannot be read."""


def read_rows(path: Path, market: Market) -> Iterator[Row]:
    """The rows of a file, or of standard input for `-`. Raises FeedbackError where it cannot be read."""
    text = _read_text(path)
    start = text.lstrip()[:1]
    if start == "[":
        yield from _read_list(path, text)
    elif start == "{":
        yield from _read_lines(text)
    elif start:
        yield from _read_csv(path, text, market)


def _read_text(path: Path) -> str:
    try:
        data = sys.stdin.buffer.read(MAX_BYTES + 1) if path == STDIN else _read_bytes(path)
        if len(data) > MAX_BYTES:
            raise FeedbackError(f"{path}: should have at most {MAX_BYTES // MIB} MiB (got more)", "Split the file")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise FeedbackError(
            f"{path}: cannot be read ({error.strerror})", f"See what is there: ls -l {path}"
        ) from None
    except UnicodeDecodeError as error:
        raise FeedbackError(
            f"{path}: is not UTF-8 at byte {error.start}", f"See what it is: file {path}"
        ) from None


def _read_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _read_list(path: Path, text: str) -> Iterator[Row]:
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FeedbackError(f"{path}: is not JSON ({error})", f"It should have {FORMS}") from None
    yield from ((number, _without_added(row)) for number, row in enumerate(rows, 1))


def _read_lines(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, _without_added(json.loads(line))
            except (ValueError, RecursionError) as error:
                yield number, FeedbackError(f"is not JSON ({error})")


def _without_added(row: Any) -> Any:
    return {name: value for name, value in row.items() if name not in ADDED} if isinstance(row, dict) else row


def _read_csv(path: Path, text: str, market: Market) -> Iterator[Row]:
    rows = csv.DictReader(io.StringIO(text), restkey="")
    head = rows.fieldnames or []
    if not {"price", "kind"} <= set(head):
        raise FeedbackError(f"{path}: should have columns price and kind (got {', '.join(head)[:80]!r})", FORMS)
    for number, row in enumerate(rows, 1):
        try:
            yield number, _read_cells(row, market)
        except (ListingsError, FeedbackError) as error:
            yield number, error


def _read_cells(row: dict[str, Any], market: Market) -> dict[str, Any]:
    if "" in row:
        raise FeedbackError("has more cells than the head")
    texts = {name: (text or "").strip() for name, text in row.items() if name not in ADDED}
    fields: dict[str, Any] = {name: texts[name] for name in MEMBERS if texts.get(name)}
    if "price" in fields:
        try:
            fields["price"] = float(fields["price"])
        except ValueError:
            raise FeedbackError(f"price: should be a number (got {fields['price'][:40]!r})") from None
    listing = parse_fields(market, {name: text for name, text in texts.items() if name not in MEMBERS})
    return fields | ({"listing": listing} if listing else {})
