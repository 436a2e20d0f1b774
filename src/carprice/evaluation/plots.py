"""The plots of a report: predicted against actual price, coverage by segment, error by age, importance."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from carprice.evaluation.notes import MIN_COVERAGE, PROMISED_SHARE
from carprice.market.market_file import Market

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLOT_DPI = 150
PLOT_INCHES = (5.2, 4.2)
"""Small, so that its letters can be read on a telephone too."""
BAR_INCHES = 0.21
SHADES = 5
MAX_FEATURES = 20
COVERED_KINDS = ("age", "price", "fuel", "confidence", "make")

INK = "#1b2733"
BLUE = "#1f6fb2"
PALE = "#c9d6e2"
RED = "#c8452f"


def draw_plots(folder: Path, report: Mapping[str, Any], market: Market, importance: Mapping[str, float]) -> None:
    """Write the plots as PNG into folder, which exists. See make_figures."""
    for name, figure in make_figures(report, market, importance).items():
        save_figure(figure, folder / f"{name}.png", format="png")


def save_figure(figure: "Figure", target: Any, **options: Any) -> None:
    """Figure.savefig, silent on letters that the font lacks: a PNG has boxes for them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(target, **options)


def make_figures(
    report: Mapping[str, Any], market: Market, importance: Mapping[str, float]
) -> dict[str, "Figure"]:
    """The plots by name; one that has nothing to show is left out.

    report: of build_report. importance: feature name to its share of what moves prices; may be empty.
    """
    drawn = {
        "predicted-against-actual": _draw_prices(report["charts"]["prices"], market),
        "coverage-by-segment": _draw_coverage(report["segments"]),
        "error-by-age": _draw_ages(report["charts"]["ages"]),
        "feature-importance": _draw_importance(importance, market),
    }
    return {name: figure for name, figure in drawn.items() if figure is not None}


def _draw_prices(cells: Mapping[str, Any], market: Market) -> "Figure | None":
    if not cells["rows"]:
        return None
    edges = np.array(cells["edges"])
    middles = np.sqrt(edges[1:] * edges[:-1])
    figure, (axes,) = _new_figure("Predicted against actual price")
    actual, predicted = middles[cells["actual"]], middles[cells["predicted"]]
    # One point a cell, darker and larger the more listings are in it; points alike are drawn together.
    share = np.log1p(cells["rows"]) / np.log1p(max(cells["rows"]))
    for shade in range(1, SHADES + 1):
        here, part = np.ceil(share * SHADES) == shade, shade / SHADES
        axes.scatter(actual[here], predicted[here], s=3 + 15 * part, alpha=part, color=BLUE, linewidths=0)
    ends = (edges[0], edges[-1])
    axes.plot(ends, ends, color=RED, linewidth=1.0, label="predicted = actual")
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    axes.set_xlabel(f"Actual price ({market.currency})")
    axes.set_ylabel(f"Predicted price ({market.currency})")
    _format_prices(axes)
    axes.legend(loc="upper left", frameon=False)
    return figure


def _draw_coverage(segments: Mapping[str, Any]) -> "Figure | None":
    items = [(f"{kind} {item['name']}", item) for kind in COVERED_KINDS for item in segments.get(kind, [])]
    if not items:
        return None
    height = max(PLOT_INCHES[1], 1.2 + BAR_INCHES * len(items))
    figure, (axes,) = _new_figure("Listings held by the 90 % range", inches=(PLOT_INCHES[0], height))
    held = [item["coverage"] * 100 for _, item in items]
    places = np.arange(len(items))
    colours = [RED if share < MIN_COVERAGE * 100 else BLUE for share in held]
    axes.hlines(places, PROMISED_SHARE * 100, held, color=PALE, linewidth=1.5)
    axes.scatter(held, places, color=colours, s=18, zorder=3)
    axes.axvline(PROMISED_SHARE * 100, color=INK, linewidth=0.8)
    axes.set_yticks(places, [_shorten(name) for name, _ in items], fontsize=9)
    axes.set(xlim=(min(78.0, min(held) - 2), 101), ylim=(len(items) - 0.4, -0.6))
    axes.set_xlabel("Share held (%)")
    return figure


def _draw_ages(ages: list[dict[str, float]]) -> "Figure | None":
    from matplotlib.ticker import MaxNLocator

    if not ages:
        return None
    years, rows = ([item[key] for item in ages] for key in ("age", "rows"))
    low, median, high = ([item[key] * 100 for item in ages] for key in ("low", "median", "high"))
    figure, (axes, counts) = _new_figure("Error by age", (4, 1))
    axes.fill_between(years, low, high, color=PALE, label="the middle half of the listings")
    axes.plot(years, median, color=BLUE, marker="o", markersize=3, label="median")
    axes.set(ylim=(0, max(high) * 1.25 + 1), xlim=(min(years) - 0.6, max(years) + 0.6))
    axes.set_ylabel("Error (% of the actual price)")
    axes.legend(loc="upper left", frameon=False)
    counts.bar(years, rows, width=0.7, color=PALE)
    counts.set_xlabel("Age (years before the newest car)")
    counts.xaxis.set_major_locator(MaxNLocator(integer=True))
    counts.yaxis.set_major_locator(MaxNLocator(2))
    counts.yaxis.set_major_formatter("{x:,.0f}")
    counts.set_ylabel("Listings")
    return figure


def _draw_importance(importance: Mapping[str, float], market: Market) -> "Figure | None":
    if not importance:
        return None
    ranked = sorted(importance.items(), key=lambda item: item[1])[-MAX_FEATURES:]
    figure, (axes,) = _new_figure("What the price depends on")
    shares = [share * 100 for _, share in ranked]
    bars = axes.barh([_label_feature(name, market) for name, _ in ranked], shares, color=BLUE, height=0.7)
    axes.bar_label(bars, fmt="%.1f %%", padding=3, color=INK, fontsize=8)
    axes.set_xlabel("Share of what moves the price (%)")
    axes.set_xlim(0, max(shares, default=1.0) * 1.2)
    axes.grid(axis="y", visible=False)
    return figure


def _label_feature(name: str, market: Market) -> str:
    feature = market.feature(name)
    if feature is None or not feature.label:
        return _shorten(name)
    return _shorten(f"{feature.label} ({feature.unit})" if feature.unit else feature.label)


def _shorten(text: str) -> str:
    """At most 28 characters, and nothing that matplotlib reads as a formula."""
    return (text if len(text) <= 28 else f"{text[:27]}…").replace("$", r"\$")


def _format_prices(axes: "Axes") -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(_shorten_price))
        axis.set_minor_formatter(NullFormatter())


def _shorten_price(price: float, _: int) -> str:
    return f"{price / 1000:,g}k" if price >= 1000 else f"{price:g}"


def _new_figure(
    title: str, heights: tuple[int, ...] = (1,), inches: tuple[float, float] = PLOT_INCHES
) -> tuple["Figure", list["Axes"]]:
    # Figure without pyplot: no global state, no window system, works in any thread.
    from matplotlib.figure import Figure

    figure = Figure(figsize=inches, dpi=PLOT_DPI, layout="constrained")
    panels = figure.subplots(len(heights), sharex=True, height_ratios=heights, squeeze=False)[:, 0].tolist()
    figure.suptitle(title, fontsize=12, fontweight="bold", color=INK)
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["bottom", "left"]].set_color(INK)
        axes.tick_params(colors=INK, labelcolor=INK)
        axes.xaxis.label.set_color(INK)
        axes.yaxis.label.set_color(INK)
        axes.grid(color=PALE, linewidth=0.5)
        axes.set_axisbelow(True)
    return figure, panels
