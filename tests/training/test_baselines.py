"""What a model has to beat."""

import polars as pl
import pytest
from tests.bundles import invent_uk_listings

from carprice.frames.encoding import fit_encoders
from carprice.market.market_file import Market, load_market
from carprice.training.baselines import measure_baselines, price_by_median


@pytest.fixture
def uk(markets_dir) -> Market:
    return load_market("uk", markets_dir)


def test_the_median_falls_back_from_year_to_model_to_make_to_all(uk: Market) -> None:
    columns = {item.name: pl.Series([None] * 5, dtype=pl.Float64) for item in uk.features if not item.is_category}
    texts = {item.name: pl.Series([None] * 5, dtype=pl.String) for item in uk.features if item.is_category}
    training = pl.DataFrame({**columns, **texts}).with_columns(
        pl.Series("make", ["Ford", "Ford", "Ford", "Audi", "Audi"]),
        pl.Series("model", ["Fiesta", "Fiesta", "Focus", "A1", "A1"]),
        pl.Series("year", [2010.0, 2012.0, 2012.0, 2015.0, 2015.0]),
        pl.Series("price", [1000.0, 3000.0, 8000.0, 20000.0, 30000.0]),
    )
    asked = training.head(4).with_columns(
        pl.Series("make", ["Ford", "Ford", "Ford", "Lada"]),
        pl.Series("model", ["Fiesta", "Fiesta", "Puma", "Niva"]),
        pl.Series("year", [2012.0, 1999.0, 2012.0, 2000.0]),
    )
    assert price_by_median(training, asked, uk).tolist() == [3000.0, 2000.0, 3000.0, 8000.0]


def test_both_baselines_are_measured_on_the_test_part(uk: Market) -> None:
    frame = invent_uk_listings(uk)
    training, test = frame.head(1600), frame.tail(400)
    found = measure_baselines(training, test, uk, fit_encoders(training, uk)[1])
    assert set(found) == {"median", "ridge"}
    assert found["ridge"]["rows"] == 400
    assert found["ridge"]["median_ape"] < 0.10
    assert found["median"]["median_ape"] < 0.35
