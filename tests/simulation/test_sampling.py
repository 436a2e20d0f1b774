import hashlib
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from msgspec.structs import replace

from carprice.errors import ListingsError, MarketError
from carprice.listings.cleaning import load_listings
from carprice.market.hygiene import CHECKS, Hygiene
from carprice.market.market_file import Market, load_market
from carprice.names import STATISTICS_FILE
from carprice.simulation.sampling import draw_listings
from carprice.simulation.statistics import measure_figures, read_figures, write_figures

ROWS = 20_000


@pytest.fixture(scope="module")
def figures_path(markets_dir: Path) -> Path:
    return markets_dir / STATISTICS_FILE


@pytest.fixture(scope="module")
def drawn(figures_path: Path) -> pl.DataFrame:
    return pl.concat(draw_listings(ROWS, 7, figures_path))


def test_first_listings_of_a_seed(drawn: pl.DataFrame) -> None:
    """On every machine and with every NumPy: the demo model is trained on these."""
    assert drawn.head(3).rows() == [
        ("Skoda", "Octavia", "2020", "23995", "Semi-Auto", "1562", "Petrol", "2.0"),
        ("Mercedes-Benz", "A Class", "2020", "25135", "Semi-Auto", "713", "Diesel", "1.5"),
        ("Audi", "A6", "2016", "27940", "Automatic", "32479", "Diesel", "3.0"),
    ]
    digest = hashlib.sha256(drawn.write_csv().encode()).hexdigest()
    assert digest == "37b08354706a6d37f262fe5df8bc27a9c751f2f86ac03282bda4a1f99aa8296a"


def test_batches_and_count_do_not_matter(drawn: pl.DataFrame, figures_path: Path) -> None:
    batches = list(draw_listings(2_500, 7, figures_path, batch_rows=1_000))
    assert [batch.height for batch in batches] == [1_000, 1_000, 500]
    assert pl.concat(batches).equals(drawn.head(2_500))
    assert not next(draw_listings(2_500, 8, figures_path)).equals(drawn.head(2_500))


def test_market_file_reads_them(drawn: pl.DataFrame, markets_dir: Path, tmp_path: Path) -> None:
    drawn.write_csv(tmp_path / "demo.csv")
    listings = load_listings(tmp_path / "demo.csv", load_market("demo", markets_dir))
    assert listings.frame.height > 0.999 * ROWS
    assert listings.frame.columns == [
        *("make", "model", "year", "transmission", "mileage", "fuel", "engine_size", "price", "key"),
        "@car",
    ]


def test_listings_follow_their_figures(drawn: pl.DataFrame, figures_path: Path) -> None:
    """Shares, and the price level that the losses of age and mileage leave."""
    figures = read_figures(figures_path)
    focus = (pl.col("make") == "Ford") & (pl.col("model") == "Focus")
    share = figures.filter(focus)["share"].sum() / figures["share"].sum()
    assert drawn.filter(focus).height / ROWS == pytest.approx(share, rel=0.15)
    version = figures.filter(focus).sort("share").row(-1, named=True)
    cars = drawn.filter(focus & (pl.col("transmission") == version["transmission"])).filter(
        (pl.col("fuel") == version["fuel"]) & (pl.col("engine_size") == version["engine_size"])
    )
    numbers = cars.select(pl.col("year", "mileage", "price").cast(pl.Float64))
    kept = (1 - version["loss_per_year"]) ** (2020 - numbers["year"])
    kept = kept * (1 - version["loss_per_10000"]) ** (numbers["mileage"] / 10_000)
    assert (numbers["price"] / kept).median() == pytest.approx(version["price"], rel=0.05)


def test_figures_hold_no_listing(figures_path: Path) -> None:
    text = figures_path.read_text()
    assert text.startswith("# Figures per version of a car, measured from 85,614 listings of 2020 ")
    figures = read_figures(figures_path)
    # The share of a version with the fewest listings that are measured, of all measured.
    assert figures["share"].min() >= 10 / 85_614
    assert figures["share"].sum() == pytest.approx(1, abs=1e-3)


@pytest.mark.slow
@pytest.mark.listings
def test_figures_are_those_of_the_real_listings(listings_dir: Path, markets_dir: Path, figures_path: Path) -> None:
    keep_all = Hygiene(**dict.fromkeys(CHECKS, "keep"))  # as when they were measured
    uk = replace(load_market("uk", markets_dir), hygiene=keep_all)
    cars = load_listings(listings_dir / "uk.csv.gz", uk).frame
    assert write_figures(measure_figures(cars, uk), cars, uk) == figures_path.read_text()


@pytest.mark.slow
def test_measured_figures_are_those_drawn_from(drawn: pl.DataFrame, markets_dir: Path, tmp_path: Path) -> None:
    """Figures measured from simulated listings are about those they were drawn from."""
    drawn.write_csv(tmp_path / "demo.csv")
    demo = load_market("demo", markets_dir)
    measured = measure_figures(load_listings(tmp_path / "demo.csv", demo).frame, demo)
    truth = read_figures(markets_dir / STATISTICS_FILE).with_columns(pl.col("engine_size").cast(pl.Float64))
    both = measured.join(truth, on=["make", "model", "transmission", "fuel", "engine_size"])
    common = both.filter(pl.col("share") > 0.01)
    assert common.height > 10
    ratio = common["price"] / common["price_right"]
    assert 0.96 < ratio.min() <= ratio.max() < 1.04
    ratio = common["loss_per_year"] / common["loss_per_year_right"]
    assert 0.9 < ratio.median() < 1.1


def test_too_few_listings_for_figures(drawn: pl.DataFrame, markets_dir: Path, tmp_path: Path) -> None:
    drawn.head(9).write_csv(tmp_path / "demo.csv")
    demo = load_market("demo", markets_dir)
    with pytest.raises(ListingsError, match="no version of a car has 10 listings"):
        measure_figures(load_listings(tmp_path / "demo.csv", demo).frame, demo)


def test_figures_need_their_features(make_market: Callable[..., Market]) -> None:
    with pytest.raises(MarketError, match="market cars: has no feature 'model', which the figures need"):
        measure_figures(pl.DataFrame(), make_market())


def test_no_figures(tmp_path: Path) -> None:
    with pytest.raises(ListingsError, match=f"{tmp_path / 'no.csv'}: the demo market's figures cannot be read"):
        next(draw_listings(1, 1, tmp_path / "no.csv"))
