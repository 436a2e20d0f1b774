"""The valuation report: how good a model's prices are, as plain data that the manifest keeps."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from carprice.evaluation.left_out import measure_left_out
from carprice.evaluation.monotonicity import measure_sense
from carprice.evaluation.notes import write_notes
from carprice.evaluation.segments import MIN_SEGMENT_ROWS, measure_part, measure_segments
from carprice.frames.encoding import read_listing
from carprice.frames.pricing import price_frame
from carprice.listings.cut_off import describe_cut
from carprice.market.kinds import EPOCH
from carprice.market.market_file import Market
from carprice.model.pricer import Pricer

REPORT_FORMAT = 1
WORST = 20
DIGITS = 6
CHART_CELLS = 48
"""Of the chart of predicted against actual price, along each side."""

Report = dict[str, Any]
Price = Callable[[pl.DataFrame, Pricer], pl.DataFrame]


def build_report(
    frame: pl.DataFrame,
    pricer: Pricer,
    ageing: Sequence[dict[str, Any]] | None = None,
    price: Price = price_frame,
) -> Report:
    """Judge a model by listings that it has not learnt from; plain data for JSON, described in docs/report.md.

    frame: a clean frame with price, and the listing's day where the market has one. ageing: the manifest's, passed
    through. price: price_frame, or what does the same in parts. A listing that the model would not value counts in
    `unvalued` alone.
    """
    priced = price(frame, pricer)
    valued = priced.filter(pl.col("unvalued").is_null())
    as_of = pricer.as_of
    report = {
        "format": REPORT_FORMAT,
        "market": pricer.market.name,
        "title": pricer.market.title,
        "currency": pricer.market.currency,
        "as_of": as_of.isoformat() if as_of else None,
        "rows": frame.height,
        "overall": measure_part(valued) if valued.height else None,
        "segments": measure_segments(valued, pricer.market, _count_days(as_of)) if valued.height else {},
        "left_out": measure_left_out(frame, pricer) if frame.height else [],
        "sense": measure_sense(frame, pricer),
        "unvalued": _count_unvalued(priced),
        "ageing": list(ageing or []),
        "worst": list_worst(valued, pricer.market),
        "charts": {"prices": _count_cells(valued), "ages": _measure_ages(valued, pricer.market)},
    }
    cut = describe_cut(frame["price"], pricer.market.currency)
    notes = [
        *([f"{cut}: dearer or cheaper cars are priced as if there were none."] if cut else []),
        *write_notes(report),
    ]
    return {**_round_figures(report), "notes": notes}


def _round_figures(value: Any) -> Any:
    """The same data with floats of DIGITS significant digits: what a manifest is read for."""
    if isinstance(value, dict):
        return {key: _round_figures(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_round_figures(item) for item in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def _count_days(day: date | None) -> float | None:
    return None if day is None else float((day - EPOCH).days)


def _count_unvalued(priced: pl.DataFrame) -> dict[str, Any]:
    reasons = priced["unvalued"].drop_nulls().value_counts(sort=True)
    return {"rows": int(reasons["count"].sum()), "reasons": dict(reasons.iter_rows())}


def list_worst(valued: pl.DataFrame, market: Market) -> list[dict[str, Any]]:
    """The listings priced farthest off, by the logarithm of predicted / actual, the farthest first.

    Half the price is as far off as twice the price. Each has listing, as the API takes it, actual, predicted, low
    and high in whole currency, confidence, and ratio, predicted / actual.
    """
    ranked = valued.with_columns(ratio=pl.col("predicted") / pl.col("price"))
    ranked = ranked.sort(pl.col("ratio").log().abs(), "price", descending=True).head(WORST)
    return [
        {
            "listing": read_listing(row, market),
            "actual": row["price"],
            **{name: round(row[name]) for name in ("predicted", "low", "high")},
            "confidence": row["confidence"],
            "ratio": round(row["ratio"], 4),
        }
        for row in ranked.iter_rows(named=True)
    ]


def _count_cells(valued: pl.DataFrame) -> dict[str, list[float]]:
    """A histogram of actual and predicted prices, in cells of equal logarithms; empty cells are left out.

    edges: CHART_CELLS + 1 prices. actual, predicted: the indexes of a cell; rows: the listings in it.
    """
    if not valued.height:
        return {"edges": [], "actual": [], "predicted": [], "rows": []}
    prices = valued.select("price", "predicted").to_numpy()
    edges = np.geomspace(prices.min() * 0.99, prices.max() * 1.01, CHART_CELLS + 1)
    counts, _, _ = np.histogram2d(prices[:, 0], prices[:, 1], bins=[edges, edges])
    actual, predicted = np.nonzero(counts)
    return {
        "edges": [round(float(edge), 2) for edge in edges],
        "actual": actual.tolist(),
        "predicted": predicted.tolist(),
        "rows": counts[actual, predicted].astype(int).tolist(),
    }


def _measure_ages(valued: pl.DataFrame, market: Market) -> list[dict[str, float]]:
    """Per age in years before the newest car: rows, and the quartiles of the absolute error as shares.

    Ages of fewer than MIN_SEGMENT_ROWS listings are left out, unless all are.
    """
    if market.year is None or not valued[market.year.name].count():
        return []
    year, error = pl.col(market.year.name), (pl.col("predicted") - pl.col("price")).abs() / pl.col("price")
    quartiles = {"low": 0.25, "median": 0.5, "high": 0.75}
    ages = (
        valued.filter(year.is_not_null())
        .select((year.max() - year).alias("age"), error.alias("error"))
        .group_by("age")
        .agg(
            pl.len().alias("rows"),
            *(pl.col("error").quantile(share, "linear").alias(name) for name, share in quartiles.items()),
        )
        .sort("age")
    )
    common = ages.filter(pl.col("rows") >= MIN_SEGMENT_ROWS)
    return (common if common.height else ages).to_dicts()
