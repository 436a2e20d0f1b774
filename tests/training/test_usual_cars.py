"""Which categories go with the model, and where a value that none of its listings has is a surprise."""

from pathlib import Path

import polars as pl
import pytest
from tests.bundles import invent_uk_listings

from carprice.frames.encoding import fit_encoders
from carprice.market.market_file import Market, load_market
from carprice.training.usual_cars import MIN_SEEN, list_seen, measure_of_model

KEYS = ["make", "model"]


@pytest.fixture
def market(markets_dir: Path) -> Market:
    return load_market("uk", markets_dir)


def invent_fords(market: Market, fuels: dict[str, list[str]]) -> pl.DataFrame:
    """Listings of Ford models with these fuels; a gearbox says nothing of the model."""
    frame = invent_uk_listings(market, sum(map(len, fuels.values())))
    gearboxes = [("Manual", "Automatic")[place % 2] for each in fuels.values() for place in range(len(each))]
    return frame.with_columns(
        pl.lit("Ford").alias("make"),
        pl.Series("model", [model for model, each in fuels.items() for _ in each]),
        pl.Series("fuel", [fuel for each in fuels.values() for fuel in each]),
        pl.Series("transmission", gearboxes),
    )


def test_values_are_kept_with_their_counts_the_commonest_first(market: Market) -> None:
    fuels = {
        "Fiesta": ["Petrol"] * 150 + ["Diesel"] * 50,
        "Mach-E": ["Electric"] * MIN_SEEN,
        "Rare": ["Electric"] * (MIN_SEEN - 1),
        "Varied": ["Petrol"] * 99 + ["Diesel", "Electric"],  # the next one may well be a hybrid
    }
    frame = invent_fords(market, fuels)
    encoders, _ = fit_encoders(frame, market)
    assert list_seen(frame, market, encoders) == {
        "fields": ["fuel"],
        "rows": [[[0, 0], [[[2, 0], [150, 50]]]], [[0, 1], [[[1], [MIN_SEEN]]]]],
    }
    assert encoders["fuel"] == ["Diesel", "Electric", "Petrol"]


def test_a_category_that_any_car_may_have_is_of_no_model(market: Market) -> None:
    frame = invent_fords(market, {"Fiesta": ["Petrol"] * 40, "Mach-E": ["Electric"] * 40})
    counted = {
        name: frame.group_by([*KEYS, name]).agg(pl.len().alias("@rows")) for name in ("fuel", "transmission")
    }
    assert measure_of_model(counted["fuel"], KEYS, "fuel") == pytest.approx(1)
    assert measure_of_model(counted["transmission"], KEYS, "transmission") == pytest.approx(0)
    alike = counted["fuel"].filter(fuel="Petrol")
    assert measure_of_model(alike, KEYS, "fuel") == measure_of_model(alike.clear(), KEYS, "fuel") == 0


def test_missing_values_are_none(market: Market) -> None:
    frame = invent_fords(market, {"Fiesta": ["Petrol"] * 40, "Mach-E": ["Electric"] * 40})
    frame = frame.with_columns(fuel=pl.when(pl.int_range(pl.len()) % 2 == 0).then("fuel"))
    encoders, _ = fit_encoders(frame, market)
    table = list_seen(frame, market, encoders)
    assert table is not None
    assert [row[1] for row in table["rows"]] == [[[[1], [20]]], [[[0], [20]]]]
