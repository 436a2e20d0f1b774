"""The plots show the report they are made of, in a size one can read, for every market."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from carprice.evaluation.page import render_page
from carprice.evaluation.plots import draw_plots, make_figures
from carprice.evaluation.report import Report, build_report
from carprice.model.pricer import Pricer

NAMES = ["coverage-by-segment.png", "error-by-age.png", "feature-importance.png", "predicted-against-actual.png"]
SMALLEST_WIDTH = 600


def read_pixels(png: Path) -> np.ndarray:
    """The pixels (height, width, colours) of a PNG."""
    from matplotlib.image import imread

    return np.asarray(imread(png, format="png"))


@pytest.fixture(scope="module")
def figures(uk_report: Report, uk_pricer: Pricer) -> dict[str, Figure]:
    return make_figures(uk_report, uk_pricer.market, uk_pricer.manifest["importance"])


def test_four_plots_of_a_market_with_years(uk_report: Report, uk_pricer: Pricer, tmp_path: Path) -> None:
    draw_plots(tmp_path, uk_report, uk_pricer.market, uk_pricer.manifest["importance"])
    drawn = sorted(tmp_path.iterdir())
    assert [path.name for path in drawn] == NAMES
    for path in drawn:
        pixels = read_pixels(path)
        assert pixels.shape[1] > SMALLEST_WIDTH
        paper = (pixels == pixels[0, 0]).all(axis=2)
        # Text and axes alone are 2 to 4 %.
        assert 0.04 < 1 - paper.mean() < 0.6, path.name


@pytest.mark.filterwarnings("error")
def test_letters_that_the_font_lacks_are_no_noise(uk_report: Report, uk_pricer: Pricer, tmp_path: Path) -> None:
    makes = [{**item, "name": "大众"} for item in uk_report["segments"]["make"]]
    report = {**uk_report, "segments": {**uk_report["segments"], "make": makes}}
    draw_plots(tmp_path, report, uk_pricer.market, {"型号": 1.0})
    assert "大众" in render_page(report, uk_pricer.market, {}, "v1")


def test_every_cell_of_the_chart_is_a_point(figures: dict[str, Figure], uk_report: Report) -> None:
    axes = figures["predicted-against-actual"].axes[0]
    points = np.concatenate([np.asarray(shade.get_offsets()) for shade in axes.collections])
    cells = uk_report["charts"]["prices"]
    middles = np.sqrt(np.array(cells["edges"][1:]) * np.array(cells["edges"][:-1]))
    assert sorted(points[:, 0]) == pytest.approx(sorted(middles[cells["actual"]]))
    assert sorted(points[:, 1]) == pytest.approx(sorted(middles[cells["predicted"]]))


def test_every_segment_has_its_coverage(figures: dict[str, Figure], uk_report: Report) -> None:
    [axes] = figures["coverage-by-segment"].axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    held = np.asarray(axes.collections[1].get_offsets())[:, 0]
    assert labels[0] == "age 0-1"
    assert dict(zip(labels, held, strict=True))["fuel Diesel"] == pytest.approx(
        uk_report["segments"]["fuel"][0]["coverage"] * 100
    )


def test_errors_are_drawn_by_age(figures: dict[str, Figure], uk_report: Report) -> None:
    errors, counts = figures["error-by-age"].axes
    ages = uk_report["charts"]["ages"]
    [median] = errors.lines
    assert np.asarray(median.get_xdata()).tolist() == [item["age"] for item in ages]
    assert np.asarray(median.get_ydata()) == pytest.approx([item["median"] * 100 for item in ages])
    assert len(errors.collections) == 1, "the band between the quartiles"
    assert [bar.get_height() for bar in counts.patches] == [item["rows"] for item in ages]


def test_the_importance_of_every_feature_is_a_bar(figures: dict[str, Figure], uk_pricer: Pricer) -> None:
    [axes] = figures["feature-importance"].axes
    market, importance = uk_pricer.market, uk_pricer.manifest["importance"]
    assert [bar.get_width() for bar in axes.patches] == pytest.approx(
        sorted(share * 100 for share in importance.values())
    )
    labels = [label.get_text().split(" (")[0] for label in axes.get_yticklabels()]
    ranked = sorted(importance, key=lambda name: importance[name])
    assert labels == [feature.label for name in ranked if (feature := market.feature(name))]


def test_what_there_is_nothing_of_is_left_out(dated_pricer: Pricer, dated_listings, uk_pricer: Pricer) -> None:
    dated = build_report(dated_listings.head(100), dated_pricer)
    drawn = make_figures(dated, dated_pricer.market, {})
    assert list(drawn) == ["predicted-against-actual", "coverage-by-segment"]
    empty = {"segments": {}, "charts": {"prices": {"rows": []}, "ages": []}}
    assert make_figures(empty, uk_pricer.market, {}) == {}


def test_one_listing_is_enough(uk_pricer: Pricer, uk_listings, tmp_path: Path) -> None:
    one = build_report(uk_listings.head(1), uk_pricer)
    draw_plots(tmp_path, one, uk_pricer.market, uk_pricer.manifest["importance"])
    assert len(list(tmp_path.iterdir())) == 3
