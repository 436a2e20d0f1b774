"""Rows of Python's values as tables of text."""

import math
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]

Text = str | None


def build_table(columns: Sequence[str], rows: Sequence[Sequence[Text]]) -> Any:
    """An Arrow table of strings; each row has a text for each column."""
    texts = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    return pa.table({name: _build_array(values) for name, values in zip(columns, texts, strict=True)})


def write_value(value: Any) -> Text:
    """A value as a CSV has it: days as 2020-12-31, whole numbers without a decimal point."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(" ") if value.time() != time.min else value.date().isoformat()
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _build_array(values: Sequence[Text]) -> Any:
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        # Half of a pair of UTF-16, which JSON can spell and no text can hold.
        mended = [None if value is None else value.encode(errors="replace").decode() for value in values]
        return pa.array(mended, pa.string())
