"""Characters that pages of the web write as HTML entities, such as &amp; and &#039;, in cells of listings."""

import html
import re

import polars as pl

ENTITY = r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
"""With its semicolon: a & in an address of the web is none."""
_ENTITY = re.compile(ENTITY)


def unescape_entities(frame: pl.DataFrame) -> tuple[pl.DataFrame, bool]:
    """The frame with the characters that entities stand for, and whether there were any."""
    found = [column for column in frame.get_columns() if _has_entities(column)]
    return frame.with_columns(_unescape_column(column) for column in found), bool(found)


def unescape_text(text: str) -> str:
    """A text without entities, also where they were escaped twice; a non-breaking space is a blank."""
    for _ in range(2):
        text = _ENTITY.sub(lambda match: html.unescape(match.group()), text)
    return text.replace("\xa0", " ")


def _has_entities(column: pl.Series) -> bool:
    if column.dtype != pl.String:
        return False
    return bool(column.str.contains("&", literal=True).any()) and bool(column.str.contains(ENTITY).any())


def _unescape_column(column: pl.Series) -> pl.Series:
    texts = column.filter(column.str.contains(ENTITY).fill_null(False)).unique()
    return column.replace(dict(zip(texts, map(unescape_text, texts), strict=True)))
