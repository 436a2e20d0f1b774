"""The text of a drafted market file: TOML with the reason for each guess as a comment."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from carprice.market.market_file import Feature, Market, dump_market

WIDTH = 110


@dataclass(frozen=True)
class Entry:
    """What is said of a column: lines of comment, and the feature, None where it is left out.

    part: what of the column's texts is left out, where it is not all of them.
    """

    column: str
    comment: list[str]
    feature: Feature | None = None
    part: str = ""


def write_draft(
    source: str, rows: int, market: Market, entries: Sequence[Entry], comments: dict[str, list[str]]
) -> str:
    """The market as TOML. comments: of `price`, above its table, and of keys of the head, behind them."""
    data = dump_market(market)
    head = [
        f"# Drafted from {quote(source)}, {rows:,} rows. Read it before you rely on it: limits, units and names",
        "# are guesses, each with its reason. What each key means: docs/markets.md",
        "",
    ]
    for key in ("name", "title", "currency", "distance_unit"):
        behind = f"  # {comments[key][0]}" if comments.get(key) else ""
        head.append(f"{key} = {format_value(data[key])}{behind}")
    blocks = [head, [*_comment(comments["price"]), "[price]", *_lines(data["price"])]]
    if "listing" in data:
        text = "What a row is besides its features; no model learns from these columns."
        blocks.append([f"# {text}", "[listing]", *_lines(data["listing"])])
    blocks += _write_entries(entries, data["features"])
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _write_entries(entries: Sequence[Entry], features: dict[str, Any]) -> Iterator[list[str]]:
    for entry in entries:
        if entry.feature is None:
            named = f"The {entry.part} in {quote(entry.column)}" if entry.part else quote(entry.column)
            yield _comment([f"{named}: {entry.comment[0]}.".replace(": it is left", " is left")])
        else:
            table = features[entry.feature.name]
            yield [*_comment(entry.comment), f"[features.{entry.feature.name}]", *_lines(table)]


def _comment(lines: Sequence[str]) -> list[str]:
    return [f"# {line}" for line in lines]


def _lines(table: dict[str, Any]) -> list[str]:
    return [f"{key} = {format_value(value)}" for key, value in table.items() if value not in ("", [], {}, None)]


def format_value(value: Any) -> str:
    """A value as TOML has it on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(int(value)) if value == int(value) else repr(value)
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{quote(key)} = {format_value(item)}' for key, item in value.items())} }}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(format_value, value))}]"
    return f"'{value}'" if "\\" in value and "'" not in value and value.isprintable() else quote(value)


def format_percent(share: float) -> str:
    """A share as people read it: 0.123 is 12.3 %."""
    return f"{share:.1%}".replace("%", " %")


def quote(text: str) -> str:
    """A TOML string on one line, which JSON's is too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
