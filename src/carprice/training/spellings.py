"""Values of a category that differ in case and spaces alone are one: callers' are folded too when they are priced."""

import polars as pl

from carprice.market.market_file import Market
from carprice.model.suggestions import fold


def unify_spellings(frame: pl.DataFrame, market: Market) -> pl.DataFrame:
    """The clean frame with every value of a category in the most frequent of the spellings that fold to the same."""
    return frame.with_columns(
        _unify_values(frame[feature.name]) for feature in market.features if feature.is_category
    )


def _unify_values(values: pl.Series) -> pl.Series:
    counts = values.drop_nulls().value_counts().sort(["count", values.name], descending=[True, False])
    usual: dict[str, str] = {}
    for text in counts[values.name]:
        usual.setdefault(fold(text), text)
    changed = {text: usual[fold(text)] for text in counts[values.name] if usual[fold(text)] != text}
    return values.replace(changed) if changed else values
