"""What a scored file came to: rows with a price, a problem or warnings, and how near actual prices they are."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from msgspec.structs import replace

from carprice.listings.parsing import find_fault, parse_value, price_feature, replace_text, trim_text
from carprice.market.market_file import Market

NOT_VALUED = "not valued: "
"""How the problem of a row starts that could be priced and is not."""
FORMULA = r"^[=+\-@\t\r]"
NUMBER = r"^[+-]?[0-9][0-9.,\s]*$"
"""A cell that a spreadsheet takes for a formula, and one that is a number all the same."""

COUNTS = ("rows", "priced", "refused", "problems", "warned", "held", "formulas")


@dataclass
class ScoreSummary:
    """Counts of rows, and the errors of those whose own price is known and within the limits of the market.

    errors: predicted / actual - 1, arrays (rows,). misses: the same in currency. held: rows whose price is in the
    range. formulas: cells that a spreadsheet would run. is_complete: every batch has passed.
    """

    market: Market
    rows: int = 0
    priced: int = 0
    refused: int = 0
    problems: int = 0
    warned: int = 0
    held: int = 0
    formulas: int = 0
    is_complete: bool = False
    errors: list[np.ndarray] = field(default_factory=list)
    misses: list[np.ndarray] = field(default_factory=list)

    def count(self, batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """The batches of score_file, counted as they pass."""
        for batch in batches:
            problem = batch["problem"]
            refused = int(problem.str.starts_with(NOT_VALUED).sum())
            self.rows += batch.height
            self.priced += int(batch["predicted_price"].is_not_null().sum())
            self.refused += refused
            self.problems += int(problem.is_not_null().sum()) - refused
            self.warned += int((batch["warnings"].is_not_null() & batch["predicted_price"].is_not_null()).sum())
            self.formulas += sum(int(cells.sum()) for cells in _are_formulas(batch))
            if self.market.price.column in batch.columns:
                self._compare(batch)
            yield batch
        self.is_complete = True

    def save(self, path: Path) -> None:
        """Write the counts and errors of a part of the rows: a .npz file."""
        counts = np.array([getattr(self, name) for name in COUNTS])
        np.savez(path, counts=counts, errors=_join(self.errors), misses=_join(self.misses))

    def add(self, path: Path) -> None:
        """Count what save wrote too."""
        with np.load(path) as part:
            for name, count in zip(COUNTS, part["counts"].tolist(), strict=True):
                setattr(self, name, getattr(self, name) + count)
            self.errors.append(part["errors"])
            self.misses.append(part["misses"])

    def describe(self) -> str:
        """The counts in one sentence."""
        parts = [
            f"{count:,} {what}"
            for count, what in (
                (self.problems, "with a problem"),
                (self.refused, "not valued"),
                (self.warned, "priced with warnings"),
            )
            if count
        ]
        return f"Priced {self.priced:,} of {self.rows:,} rows{''.join(f', {part}' for part in parts)}"

    def describe_errors(self) -> str:
        """How near the prices of the file itself are, in one sentence; empty where there are none."""
        if not sum(map(len, self.errors)):
            return ""
        errors, misses = np.abs(np.concatenate(self.errors)), np.abs(np.concatenate(self.misses))
        others = self.priced - len(errors)
        left = f" (the other {others:,} have no price within the market's limits)" if others > 0 else ""
        return (
            f"Against column {self.market.price.column!r} of {len(errors):,} rows{left}: median error "
            f"{np.median(errors):.1%}, MAE {np.mean(misses):,.0f} {self.market.currency}, "
            f"{self.held / len(errors):.1%} within the range"
        )

    def _compare(self, batch: pl.DataFrame) -> None:
        actual = _read_prices(batch, self.market)
        rows = batch.with_columns(actual.alias("@actual")).filter(
            pl.col("@actual").is_not_null() & pl.col("predicted_price").is_not_null()
        )
        if not rows.height:
            return
        price, predicted = rows["@actual"].to_numpy(), rows["predicted_price"].to_numpy()
        self.errors.append((predicted / price - 1).astype(np.float32))
        self.misses.append((predicted - price).astype(np.float32))
        is_held = pl.col("@actual").is_between("predicted_low", "predicted_high")
        self.held += int(rows.select(is_held.sum()).item())


def neutralise(batch: pl.DataFrame) -> pl.DataFrame:
    """The batch with a ' before each text and name that a spreadsheet would take for a formula."""
    names = pl.Series("name", batch.columns)
    is_formula = names.str.contains(FORMULA) & ~names.str.contains(NUMBER)
    renamed = {name: f"'{name}" for name in names.filter(is_formula)}
    formulas = _are_formulas(batch)
    columns = [
        pl.when(formulas[name]).then("'" + pl.col(name)).otherwise(pl.col(name)).alias(name)
        for name in formulas.columns
    ]
    return batch.with_columns(columns).rename(renamed)


def _are_formulas(batch: pl.DataFrame) -> pl.DataFrame:
    """Of each text column, whether each cell is one; columns without any are left out."""
    texts = [name for name in batch.columns if batch.schema[name] == pl.String]
    found = batch.select(
        (pl.col(name).str.contains(FORMULA) & ~pl.col(name).str.contains(NUMBER)).fill_null(False)
        for name in texts
    )
    return found.select(name for name in found.columns if found[name].any())


def _read_prices(batch: pl.DataFrame, market: Market) -> pl.Series:
    """The prices of the file itself (rows,), null where there is none within the limits."""
    feature = price_feature(market)
    if feature.currency_column not in batch.columns:
        feature = replace(feature, currency_column="")  # as an asking price is in the market's currency
    text = trim_text(feature)
    value = parse_value(feature, replace_text(feature, text))
    return batch.select(pl.when(find_fault(feature, text, value).is_null()).then(value)).to_series()


def _join(arrays: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(arrays) if arrays else np.empty(0, np.float32)
