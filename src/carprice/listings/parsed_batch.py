"""The fields of a batch of raw rows: their texts, values and faults, side by side."""

from collections.abc import Callable

import polars as pl

from carprice.listings.parsing import (
    OUTSIDE_LIMITS,
    find_fault,
    parse_value,
    replace_text,
    trim_text,
    unreadable,
)
from carprice.market.market_file import Feature


def parse_batch(batch: pl.DataFrame, fields: tuple[Feature, ...]) -> pl.DataFrame:
    """Of each field raw:, text:, replaced:, value:, fault: and a mask for each reason of a fix; and problem."""
    work = batch.lazy().select(
        *(pl.col(field.column).alias(f"raw:{field.name}") for field in fields),
        *(trim_text(field).alias(f"text:{field.name}") for field in fields),
    )
    for column, build in _STEPS.items():
        work = work.with_columns(build(field).alias(f"{column}:{field.name}") for field in fields)
    work = work.with_columns(
        mask.fill_null(False).alias(f"{reason}:{field.name}")
        for field in fields
        for reason, mask in find_fixes(field).items()
    )
    lenient = [field for field in fields if field.outside == "missing"]
    strict = [field for field in reversed(fields) if field.outside != "missing"]
    return work.with_columns(
        *(
            pl.when(_of("fault", field).is_null()).then(_of("value", field)).alias(f"value:{field.name}")
            for field in lenient
        ),
        pl.coalesce(pl.format(f"{field.name}: {{}}", _of("fault", field)) for field in strict).alias("problem"),
    ).collect()


def _of(column: str, field: Feature) -> pl.Expr:
    return pl.col(f"{column}:{field.name}")


_STEPS: dict[str, Callable[[Feature], pl.Expr]] = {
    "replaced": lambda field: replace_text(field, _of("text", field)),
    "value": lambda field: parse_value(field, _of("replaced", field)),
    "fault": lambda field: find_fault(field, _of("text", field), _of("value", field)),
}


def find_fixes(field: Feature) -> dict[str, pl.Expr]:
    """Where the text of a field was mended, by the reason."""
    text = _of("text", field)
    masks = {"spaces trimmed": text.is_not_null() & _of("raw", field).str.contains(r"^\s|\s$")}
    if field.replace:
        masks["text replaced"] = text != _of("replaced", field)
    if field.outside == "missing":
        found = f"no {field.name} found in it" if field.pattern else unreadable(field)
        for reason, told in ((unreadable(field), found), (OUTSIDE_LIMITS, OUTSIDE_LIMITS)):
            masks[f"{told}, taken as missing"] = _of("fault", field) == reason
    return masks
