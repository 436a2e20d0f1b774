"""The pictures are real PNGs of a size one can read, for every market."""

import struct
from pathlib import Path

import polars as pl
import pytest

from carprice.market.market_file import parse_market
from carprice.model.manifest import champion_version, read_manifest
from carprice.training.plots import draw_plots, group_errors

NAMES = ["predicted-against-actual.png", "error-by-age.png", "feature-importance.png"]
SMALLEST_WIDTH = 600


def read_size(png: Path) -> tuple[int, int]:
    """Width and height from a PNG's header."""
    head = png.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def draw_for(artifacts: Path, test: pl.DataFrame, folder: Path) -> list[Path]:
    manifest = read_manifest(artifacts / (champion_version(artifacts) or ""))
    return draw_plots(folder, test, parse_market(manifest["market"], "manifest"), manifest["importance"])


def test_three_plots_of_a_market_with_years(small_bundle: Path, tmp_path: Path) -> None:
    test = pl.DataFrame({"year": [2010.0, 2015.0, None] * 40, "price": [1000.0, 9000.0, 50.0] * 40})
    drawn = draw_for(small_bundle, test.with_columns(predicted=pl.col("price") * 1.1), tmp_path)
    assert [path.name for path in drawn] == NAMES
    assert all(read_size(path)[0] > SMALLEST_WIDTH for path in drawn)


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
