"""The matrix: what the trees see, and that none of it comes from the price."""

import numpy as np
import polars as pl
import pytest
from tests.bundles import dated_market, invent_dated_listings, invent_uk_listings

from carprice.frames.encoding import encode_frame, fit_encoders, list_categories, read_listing
from carprice.market.market_file import Market, load_market


@pytest.fixture
def uk(markets_dir) -> Market:
    return load_market("uk", markets_dir)


def encode(frame: pl.DataFrame, market: Market) -> np.ndarray:
    return encode_frame(frame, market, *fit_encoders(frame, market))


@pytest.mark.parametrize(
    "change",
    [pl.col("price") * 1000, pl.col("price").shuffle(seed=1), pl.lit(1.0), 1 / pl.col("price")],
    ids=["scaled", "shuffled", "constant", "inverted"],
)
def test_nothing_derived_from_the_price_is_a_feature(uk: Market, change: pl.Expr) -> None:
    for frame, market in ((invent_uk_listings(uk), uk), (invent_dated_listings(), dated_market())):
        other = frame.with_columns(change.alias("price"))
        assert fit_encoders(other, market) == fit_encoders(frame, market)
        np.testing.assert_array_equal(encode(other, market), encode(frame, market))


def test_the_matrix_needs_no_price_at_all(uk: Market) -> None:
    frame = invent_uk_listings(uk)
    np.testing.assert_array_equal(encode(frame.drop("price"), uk), encode(frame, uk))


def test_a_category_is_its_code_and_a_number_is_scaled(uk: Market) -> None:
    frame = invent_uk_listings(uk)
    encoders, scaler = fit_encoders(frame, uk)
    row = encode_frame(frame.head(1), uk, encoders, scaler)[0]
    first = frame.row(0, named=True)
    for index, feature in enumerate(uk.features):
        value = first[feature.name]
        if feature.is_category:
            assert encoders[feature.name][int(row[index])] == value
        elif value is not None:
            figures = scaler[feature.name]
            assert row[index] == (value - figures["mean"]) / figures["scale"]
    assert list_categories(uk) == [index for index, item in enumerate(uk.features) if item.kind == "category"]


def test_unknown_and_missing_are_nan(uk: Market) -> None:
    frame = invent_uk_listings(uk)
    encoders, scaler = fit_encoders(frame, uk)
    odd = frame.head(1).with_columns(pl.lit("Lada").alias("make"), pl.lit(None, pl.Float64).alias("mpg"))
    row = dict(zip([item.name for item in uk.features], encode_frame(odd, uk, encoders, scaler)[0], strict=True))
    assert np.isnan(row["make"])
    assert np.isnan(row["mpg"])
    assert not np.isnan(row["year"])


def test_a_column_without_values_and_one_without_spread_can_be_encoded(uk: Market) -> None:
    frame = invent_uk_listings(uk).with_columns(pl.lit(None, pl.Float64).alias("mpg"), pl.lit(30.0).alias("tax"))
    encoders, scaler = fit_encoders(frame, uk)
    assert scaler["mpg"] == {"fill": 0.0, "mean": 0.0, "scale": 1.0, "min": 0.0, "max": 0.0}
    assert scaler["tax"]["scale"] == 1.0
    matrix = encode_frame(frame, uk, encoders, scaler)
    names = [item.name for item in uk.features]
    assert np.isnan(matrix[:, names.index("mpg")]).all()
    assert (matrix[:, names.index("tax")] == 0).all()


def test_a_listing_reads_as_the_api_takes_it() -> None:
    market = dated_market()
    row = {"make": "Audi", "colour": None, "registered": 18000.0, "inspected": None, "leather": 1.0}
    row |= {"towbar": 0.0, "mileage": 40.0, "seats": 2.5, "price": 9000.0, "key": 1}
    assert read_listing(row, market) == {
        "make": "Audi",
        "registered": "2019-04-14",
        "leather": True,
        "towbar": False,
        "mileage": 40,
        "seats": 2.5,
    }


def test_no_make_is_the_only_one_of_many_listings_too(uk: Market) -> None:
    frame = invent_uk_listings(uk).with_columns(pl.lit("Ford").alias("make"))
    encoders, scaler = fit_encoders(frame, uk)
    without = frame.with_columns(pl.lit(None, pl.String).alias("make"))
    np.testing.assert_array_equal(
        encode_frame(without, uk, encoders, scaler), encode_frame(frame, uk, encoders, scaler)
    )
