"""The plots of a run: predicted against actual price, error by age, and feature importance."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from carprice.evaluation.segments import MIN_SEGMENT_ROWS
from carprice.frames.encoding import Floats
from carprice.market.market_file import Market

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLOT_DPI = 130
PLOT_INCHES = (7.0, 5.0)
HEX_CELLS = 60
MAX_FEATURES = 20

INK = "#1b2733"
BLUE = "#1f6fb2"
PALE = "#c9d6e2"
RED = "#c8452f"


def draw_plots(folder: Path, test: pl.DataFrame, market: Market, importance: Mapping[str, float]) -> list[Path]:
    """Write the plots as PNG into folder, which exists; returns their paths. See make_figures."""
    figures = make_figures(test, market, importance)
    return [_save_plot(folder / f"{name}.png", figure) for name, figure in figures.items()]


def make_figures(test: pl.DataFrame, market: Market, importance: Mapping[str, float]) -> dict[str, "Figure"]:
    """The plots by name.

    test: the features, `price` and `predicted`, one row per listing. importance: feature name to its
    share of the trees' gain. A market without a year has no plot by age.
    """
    drawn = {
        "predicted-against-actual": _draw_predictions(test, market),
        "error-by-age": _draw_ages(test, market),
        "feature-importance": _draw_importance(importance, market),
    }
    return {name: figure for name, figure in drawn.items() if figure is not None}


def _draw_predictions(test: pl.DataFrame, market: Market) -> "Figure":
    actual, predicted = test["price"].to_numpy(), test["predicted"].to_numpy()
    low = float(min(actual.min(), predicted.min())) * 0.95
    high = float(max(actual.max(), predicted.max())) * 1.05
    figure, (axes,) = _new_figure("Predicted against actual price", _describe_errors(actual, predicted, market))
    cells = axes.hexbin(
        actual, predicted, gridsize=HEX_CELLS, xscale="log", yscale="log", mincnt=1, bins="log", cmap="viridis_r",
        extent=(np.log10(low), np.log10(high), np.log10(low), np.log10(high)), linewidths=0.1,
    )  # fmt: skip
    axes.plot([low, high], [low, high], color=RED, linewidth=1.2, label="predicted = actual")
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    axes.set_xlabel(f"Actual price ({market.currency})")
    axes.set_ylabel(f"Predicted price ({market.currency})")
    _format_prices(axes)
    axes.legend(loc="upper left", frameon=False)
    figure.colorbar(cells, ax=axes, label="Listings per cell", format="{x:,.0f}", shrink=0.85)
    return figure


def _draw_ages(test: pl.DataFrame, market: Market) -> "Figure | None":
    from matplotlib.ticker import MaxNLocator

    if market.year is None or test[market.year.name].count() == 0:
        return None
    table = group_errors(test, market.year.name)
    ages = table["age"].to_numpy()
    figure, (axes, counts) = _new_figure(
        "Error by age", f"{market.title}: how far predicted prices are off", (4, 1)
    )
    axes.fill_between(ages, table["low"], table["high"], color=PALE, label="the middle half of the listings")
    axes.plot(ages, table["median"], color=BLUE, marker="o", markersize=4, label="median")
    axes.set(ylim=(0, None), xlim=(float(ages.min()) - 0.6, float(ages.max()) + 0.6))
    axes.set_ylabel("Error (% of the actual price)")
    axes.yaxis.set_major_formatter("{x:.0f} %")
    axes.legend(loc="upper left", frameon=False)
    counts.bar(ages, table["rows"], width=0.7, color=INK, alpha=0.5)
    counts.set_xlabel("Age (years before the newest car)")
    counts.xaxis.set_major_locator(MaxNLocator(integer=True))
    counts.yaxis.set_major_formatter("{x:,.0f}")
    counts.set_ylabel("Listings")
    return figure


def group_errors(test: pl.DataFrame, year: str) -> pl.DataFrame:
    """Per age in years: rows, and low quartile, median and high quartile of the absolute error in percent.

    Ages of fewer than MIN_SEGMENT_ROWS listings are left out, unless all are.
    """
    error = (pl.col("predicted") - pl.col("price")).abs() / pl.col("price") * 100
    ages = (
        test.filter(pl.col(year).is_not_null())
        .select((pl.col(year).max() - pl.col(year)).alias("age"), error.alias("error"))
        .group_by("age")
        .agg(
            pl.len().alias("rows"),
            pl.col("error").quantile(0.25).alias("low"),
            pl.col("error").median().alias("median"),
            pl.col("error").quantile(0.75).alias("high"),
        )
        .sort("age")
    )
    common = ages.filter(pl.col("rows") >= MIN_SEGMENT_ROWS)
    return common if common.height else ages


def _draw_importance(importance: Mapping[str, float], market: Market) -> "Figure":
    ranked = sorted(importance.items(), key=lambda item: item[1])[-MAX_FEATURES:]
    figure, (axes,) = _new_figure("What the price depends on", f"{market.title}: share of the trees' gain")
    shares = [share * 100 for _, share in ranked]
    bars = axes.barh([_label_feature(name, market) for name, _ in ranked], shares, color=BLUE, height=0.7)
    axes.bar_label(bars, fmt="%.1f %%", padding=3, color=INK)
    axes.set_xlabel("Share of gain (%)")
    axes.set_xlim(0, max(shares, default=1.0) * 1.15)
    axes.grid(axis="y", visible=False)
    return figure


def _label_feature(name: str, market: Market) -> str:
    feature = market.feature(name)
    if feature is None or not feature.label:
        return name
    return f"{feature.label} ({feature.unit})" if feature.unit else feature.label


def _describe_errors(actual: Floats, predicted: Floats, market: Market) -> str:
    share = np.abs(predicted - actual) / actual * 100
    return f"{market.title}: {actual.size:,} test listings, half within {np.median(share):.1f} %"


def _format_prices(axes: "Axes") -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(_shorten_price))
        axis.set_minor_formatter(NullFormatter())


def _shorten_price(price: float, _: int) -> str:
    return f"{price / 1000:,g}k" if price >= 1000 else f"{price:g}"


def _new_figure(title: str, subtitle: str, heights: tuple[int, ...] = (1,)) -> tuple["Figure", list["Axes"]]:
    # Figure without pyplot: no global state, no window system, works in any thread.
    from matplotlib.figure import Figure

    figure = Figure(figsize=PLOT_INCHES, dpi=PLOT_DPI, layout="constrained")
    panels = figure.subplots(len(heights), sharex=True, height_ratios=heights, squeeze=False)[:, 0].tolist()
    panels[0].set_title(subtitle, loc="left", fontsize=10, color=INK)
    figure.suptitle(title, fontsize=13, fontweight="bold", color=INK)
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color=PALE, linewidth=0.5)
        axes.set_axisbelow(True)
    return figure, panels


def _save_plot(path: Path, figure: "Figure") -> Path:
    figure.savefig(path, format="png")
    return path
