"""Where the prices of a file end as if its search had a limit: what lies beyond it, no model can know."""

import polars as pl

EDGE = 0.1
"""Of the price at an end: how far inwards listings are counted."""
MIN_EDGE_SHARE = 0.02
"""Of the listings. Five markets that nothing cuts off have 0.1 to 0.4 % there."""
MIN_ROWS = 200
OUTERMOST = 0.001
"""Of the prices, which are no end: a few are always there."""


def describe_cut(prices: pl.Series, currency: str) -> str:
    """Where prices end with many listings, as the beginning of a sentence; empty where they thin out."""
    ends = [("below", 0.0), ("above", 1.0)]
    found = [f"{way} {price:,.0f} {currency}" for way, end in ends if (price := _find_cut(prices, end))]
    if not found:
        return ""
    return f"Hardly a price is {' or '.join(found)}, and many are near it, as if the file was cut off there"


def _find_cut(prices: pl.Series, end: float) -> float | None:
    """The price at an end, 0 or 1, where the listings do not get fewer towards it."""
    price = prices.quantile(abs(end - OUTERMOST), "nearest")
    if price is None or prices.len() < MIN_ROWS:
        return None
    inner = price * (1 - EDGE if end else 1 + EDGE)
    is_near = prices >= inner if end else prices <= inner
    return float(price) if float(is_near.mean() or 0.0) > MIN_EDGE_SHARE else None  # type: ignore[arg-type]
