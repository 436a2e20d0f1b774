"""Charts as inline SVG: their shapes are attributes and their colours classes, so that no style is inline."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from carprice.api.pages.wording import find_symbol, write_money

WIDTH, HEIGHT = 340, 190
LEFT, RIGHT, TOP, BOTTOM = 52, 10, 12, 26
TICKS = 4
MAX_OVERHANG = 0.6
"""How far a band is drawn beyond its ends for an asking price, in its own widths; one farther is at the edge."""
PADDING = 0.12


class Point(NamedTuple):
    """One car of a curve. shown: its value as people read it."""

    value: float
    price: float
    low: float
    high: float


def draw_band(low: float, price: float, high: float, asking: float | None, label: str, currency: str) -> Markup:
    """The range as a band with the price on it, and what is asked, in per cent of the width there is."""
    width = max(high - low, 1.0)
    ends = [low - PADDING * width, high + PADDING * width]
    if asking is not None:
        ends[0] = min(ends[0], max(asking, low - MAX_OVERHANG * width) - PADDING * width)
        ends[1] = max(ends[1], min(asking, high + MAX_OVERHANG * width) + PADDING * width)

    def place(amount: float) -> str:
        return f"{100 * min(max((amount - ends[0]) / (ends[1] - ends[0]), 0.02), 0.98):.1f}%"

    share = f"{100 * width / (ends[1] - ends[0]):.1f}%"
    parts = [
        '<rect class="axis" x="0" y="17" width="100%" height="2"/>',
        f'<rect class="band" x="{place(low)}" y="8" width="{share}" height="20" rx="4"/>',
        f'<line class="price-mark" x1="{place(price)}" x2="{place(price)}" y1="3" y2="33"/>',
        *(f'<text class="end" x="{place(end)}" y="50">{write_money(end, currency)}</text>' for end in (low, high)),
    ]
    if asking is not None:
        parts.append(f'<circle class="asking-mark" cx="{place(asking)}" cy="18" r="6"/>')
    return _wrap("band-chart", 'height="56" width="100%"', label, parts)


def draw_bar(amount: float, least: float, most: float) -> Markup:
    """One amount as a bar from 0 on. least, most: of all amounts that stand below each other, 0 among them."""
    span = (most - least) or 1.0
    zero, share = -100 * least / span, 100 * abs(amount) / span
    start = zero if amount >= 0 else zero - share
    kind = "more" if amount >= 0 else "less"
    parts = [
        f'<rect class="{kind}" x="{start:.2f}%" y="2" width="{share:.2f}%" height="12" rx="2"/>',
        f'<line class="axis-line" x1="{zero:.2f}%" x2="{zero:.2f}%" y1="0" y2="16"/>',
    ]
    return Markup(f'<svg class="bar" aria-hidden="true" height="16" width="100%">{"".join(parts)}</svg>')  # noqa: S704  numbers alone


def draw_curve(
    points: Sequence[Point], own: Point, currency: str, label: str, is_year: bool, ticks: int = TICKS
) -> Markup:
    """Prices along a number with their range, and this car on it. points: at least two, by rising value."""
    left, right = points[0].value, points[-1].value
    top = max(*(point.high for point in points), own.price) * 1.03

    def across(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - left) / ((right - left) or 1)

    def down(price: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * price / top

    def line(pairs: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{across(value):.1f},{down(price):.1f}" for value, price in pairs)

    upper = [(point.value, point.high) for point in points]
    lower = [(point.value, point.low) for point in reversed(points)]
    parts = [_draw_price_tick(down(price), price, currency) for price in find_ticks(0, top, ticks)]
    parts += [
        _draw_value_tick(across(value), f"{value:.0f}" if is_year else _shorten(value))
        for value in find_ticks(left, right, ticks, is_year)
    ]
    parts += [
        f'<polygon class="band" points="{line(upper + lower)}"/>',
        f'<polyline class="curve" points="{line([(point.value, point.price) for point in points])}"/>',
        f'<circle class="own-mark" cx="{across(own.value):.1f}" cy="{down(own.price):.1f}" r="4.5"/>',
    ]
    return _wrap("curve-chart", f'viewBox="0 0 {WIDTH} {HEIGHT}"', label, parts)


def find_ticks(low: float, high: float, count: int, is_whole: bool = False) -> list[float]:
    """About count round numbers from low to high."""
    span = high - low
    if span <= 0:
        return [low]
    rough = span / count
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * digit for digit in (1, 2, 2.5, 5, 10) if power * digit >= rough * 0.999)
    if is_whole:
        step = max(math.ceil(step), 1)
    first = math.ceil(low / step - 1e-9)
    return [step * number for number in range(first, math.floor(high / step + 1e-9) + 1)]


def _draw_price_tick(y: float, price: float, currency: str) -> str:
    text = f"{price:,.0f}" if price < 100_000 else _shorten(price)
    if price < 100_000 and find_symbol(currency):  # there is room for a sign, and for no AUD behind the number
        text = write_money(price, currency)
    grid = f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return f'{grid}<text class="left" x="{LEFT - 5}" y="{y + 3.5:.1f}">{text}</text>'


def _draw_value_tick(x: float, text: str) -> str:
    return f'<text class="below" x="{x:.1f}" y="{HEIGHT - 8}">{text}</text>'


def _shorten(value: float) -> str:
    return f"{value / 1000:,.4g}k" if abs(value) >= 10_000 else f"{value:,.4g}"


def _wrap(name: str, size: str, label: str, parts: Sequence[str]) -> Markup:
    title = Markup.escape(label)
    return Markup(f'<svg class="{name}" role="img" aria-label="{title}" {size}>{"".join(parts)}</svg>')  # noqa: S704  numbers, classes and an escaped label
