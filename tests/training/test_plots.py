"""The plots show the data they are made of, in a size one can read, for every market."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from carprice.evaluation.plots import draw_plots, group_errors, make_figures
from carprice.market.market_file import Market, parse_market
from carprice.model.manifest import champion_version, read_manifest

NAMES = ["predicted-against-actual.png", "error-by-age.png", "feature-importance.png"]
SMALLEST_WIDTH = 600


def read_pixels(png: Path) -> np.ndarray:
    """The pixels (height, width, colours) of a PNG."""
    from matplotlib.image import imread

    return np.asarray(imread(png, format="png"))


def read_market(artifacts: Path) -> tuple[Market, dict[str, float]]:
    manifest = read_manifest(artifacts / (champion_version(artifacts) or ""))
    return parse_market(manifest["market"], "manifest"), manifest["importance"]


def draw_for(artifacts: Path, test: pl.DataFrame, folder: Path) -> list[Path]:
    return draw_plots(folder, test, *read_market(artifacts))


@pytest.fixture
def priced() -> pl.DataFrame:
    """Listings of two ages and some of no known age, each priced 10 % too high."""
    test = pl.DataFrame({"year": [2010.0, 2015.0, None] * 40, "price": [1000.0, 9000.0, 50.0] * 40})
    return test.with_columns(predicted=pl.col("price") * 1.1)


def test_three_plots_of_a_market_with_years(small_bundle: Path, tmp_path: Path, priced: pl.DataFrame) -> None:
    drawn = draw_for(small_bundle, priced, tmp_path)
    assert [path.name for path in drawn] == NAMES
    for path in drawn:
        pixels = read_pixels(path)
        assert pixels.shape[1] > SMALLEST_WIDTH
        paper = (pixels == pixels[0, 0]).all(axis=2)
        # Text and axes alone are 2 to 4 %.
        assert 0.05 < 1 - paper.mean() < 0.6, path.name


@pytest.fixture
def figures(small_bundle: Path, priced: pl.DataFrame) -> dict[str, Figure]:
    return make_figures(priced, *read_market(small_bundle))


def test_every_listing_is_a_point(figures: dict[str, Figure], priced: pl.DataFrame) -> None:
    axes = figures["predicted-against-actual"].axes[0]
    [cells] = [item for item in axes.collections if isinstance(item, PolyCollection)]
    counts = np.asarray(cells.get_array())
    assert counts.sum() == priced.height
    centres = 10 ** np.asarray(cells.get_offsets())
    found = sorted((actual, count) for (actual, _), count in zip(centres, counts, strict=True) if count)
    assert [count for _, count in found] == [40, 40, 40]
    assert [actual for actual, _ in found] == pytest.approx([50, 1000, 9000], rel=0.15)
    assert np.asarray(axes.lines[0].get_xdata()).tolist() == np.asarray(axes.lines[0].get_ydata()).tolist()


def test_errors_are_drawn_by_age(figures: dict[str, Figure]) -> None:
    errors, counts = figures["error-by-age"].axes
    [median] = errors.lines
    assert np.asarray(median.get_xdata()).tolist() == [0, 5]
    assert np.asarray(median.get_ydata()) == pytest.approx([10, 10])
    assert len(errors.collections) == 1, "the band between the quartiles"
    assert [(bar.get_x() + bar.get_width() / 2, bar.get_height()) for bar in counts.patches] == [(0, 40), (5, 40)]


def test_the_importance_of_every_feature_is_a_bar(figures: dict[str, Figure], small_bundle: Path) -> None:
    [axes] = figures["feature-importance"].axes
    market, importance = read_market(small_bundle)
    widths = [bar.get_width() for bar in axes.patches]
    assert widths == pytest.approx(sorted(share * 100 for share in importance.values()))
    labels = [label.get_text().split(" (")[0] for label in axes.get_yticklabels()]
    ranked = sorted(importance, key=lambda name: importance[name])
    assert labels == [feature.label for name in ranked if (feature := market.feature(name))]


def test_no_plot_by_age_without_years(dated_bundle: Path, tmp_path: Path) -> None:
    test = pl.DataFrame({"price": [1000.0, 9000.0], "predicted": [1100.0, 8000.0]})
    assert [path.name for path in draw_for(dated_bundle, test, tmp_path)] == [NAMES[0], NAMES[2]]


def test_one_listing_is_enough(small_bundle: Path, tmp_path: Path) -> None:
    test = pl.DataFrame({"year": [2010.0], "price": [1000.0], "predicted": [1000.0]})
    assert len(draw_for(small_bundle, test, tmp_path)) == len(NAMES)


@pytest.mark.parametrize(
    ("rows", "ages"), [(20, [0.0, 5.0]), (19, [0.0])], ids=["as many as a slice needs", "one too few"]
)
def test_rare_ages_are_left_out(rows: int, ages: list[float]) -> None:
    test = pl.DataFrame(
        {
            "year": [2020.0] * 30 + [2015.0] * rows,
            "price": [100.0] * (30 + rows),
            "predicted": [110.0] * 30 + [80.0] * rows,
        }
    )
    table = group_errors(test, "year")
    assert table["age"].to_list() == ages
    assert table["median"].to_list() == pytest.approx([10.0, 20.0][: len(ages)])
    assert table["rows"].to_list() == [30, rows][: len(ages)]
