"""Charts: what is drawn lies where its figures say, whatever they are."""

import re
from xml.etree import ElementTree

import pytest

from carprice.api.pages.charts import Point, draw_band, draw_bar, draw_curve, find_ticks


@pytest.mark.parametrize("asking", [None, 1.0, 9_000.0, 1e9])
def test_a_band_is_within_its_width(asking: float | None) -> None:
    band = ElementTree.fromstring(draw_band(8_000, 9_000, 11_000, asking, 'A "range" <here>', "GBP"))
    places = [float(place) for place in re.findall(r'="([\d.-]+)%"', ElementTree.tostring(band, "unicode"))]
    assert places
    assert all(0 <= place <= 100 for place in places)
    assert band.get("aria-label") == 'A "range" <here>'
    assert [text.text for text in band.findall("text")] == ["£8,000", "£11,000"]
    assert len(band.findall("circle")) == (asking is not None)


def test_bars_share_a_zero() -> None:
    bars = [ElementTree.fromstring(draw_bar(amount, -50, 150)) for amount in (150, -50, 0)]
    assert [(bar[0].get("x"), bar[0].get("width"), bar[1].get("x1")) for bar in bars] == [
        ("25.00%", "75.00%", "25.00%"),
        ("0.00%", "25.00%", "25.00%"),
        ("25.00%", "0.00%", "25.00%"),
    ]


def test_a_curve_has_its_car_on_it() -> None:
    points = [Point(value, 10_000 - value, 9_000 - value, 11_000 - value) for value in (0, 1_000, 2_000)]
    chart = ElementTree.fromstring(draw_curve(points, points[1], "GBP", "Price by mileage", is_year=False))
    line = (chart.find("polyline") or chart[-2]).get("points") or ""
    mark = chart[-1]
    assert f"{mark.get('cx')},{mark.get('cy')}" == line.split()[1]


@pytest.mark.parametrize(("currency", "first"), [("GBP", "£0"), ("AUD", "0"), ("PLN", "0")])
def test_a_currency_without_a_sign_does_not_push_prices_over_the_edge(currency: str, first: str) -> None:
    points = [Point(value, 30_000, 25_000, 38_000) for value in (0, 1_000)]
    chart = ElementTree.fromstring(draw_curve(points, points[1], currency, "Price", is_year=False))
    labels = [text.text or "" for text in chart.findall("text") if text.get("class") == "left"]
    assert labels[0] == first
    assert max(map(len, labels)) <= len("£30,000")


@pytest.mark.parametrize(
    ("low", "high", "is_whole", "ticks"),
    [
        (0, 10_300, False, [0, 5_000, 10_000]),
        (2007, 2020, True, [2010, 2015, 2020]),
        (2018, 2020, True, [2018, 2019, 2020]),
        (3, 3, False, [3]),
    ],
)
def test_ticks_are_round(low: float, high: float, is_whole: bool, ticks: list[float]) -> None:
    assert find_ticks(low, high, 4, is_whole) == ticks
