"""Prices that rise with distance or fall with the year are found, and sensible ones are not blamed."""

import numpy as np
import polars as pl
import pytest

from carprice.evaluation.monotonicity import CARS, STEPS, make_grid, measure_sense
from carprice.evaluation.notes import write_notes
from carprice.model.forest.year_envelope import YearEnvelope
from carprice.model.pricer import Pricer


@pytest.fixture
def price_by(monkeypatch: pytest.MonkeyPatch):
    """Prices that follow a formula of year and mileage instead of the model."""

    def use(formula: pl.Expr) -> None:
        monkeypatch.setattr(
            "carprice.evaluation.monotonicity.price_frame",
            lambda frame, pricer: frame.with_columns(formula.alias("predicted")),
        )

    return use


SENSIBLE = (9.5 + 0.1 * (pl.col("year") - 2015) - pl.col("mileage") / 200_000).exp()


def test_sensible_prices(price_by, uk_listings: pl.DataFrame, uk_pricer: Pricer) -> None:
    price_by(SENSIBLE)
    found = measure_sense(uk_listings, uk_pricer)
    assert list(found) == ["mileage", "year"]
    for item in found.values():
        assert (item["wrong"], item["largest"], item["cars"]) == (0.0, 0.0, CARS)
    assert found["mileage"]["steps"] == CARS * STEPS


def test_prices_without_sense(price_by, uk_listings: pl.DataFrame, uk_pricer: Pricer) -> None:
    # Every fifth year is cheaper than the one before, and distance makes dear.
    price_by(
        SENSIBLE * (pl.col("mileage") / 100_000).exp() * pl.when(pl.col("year") % 5 == 0).then(0.8).otherwise(1)
    )
    found = measure_sense(uk_listings, uk_pricer)
    assert found["mileage"]["wrong"] == 1.0
    years = make_grid(uk_listings, uk_pricer.market.feature("year"), uk_pricer)
    dips = sum(year % 5 == 0 for year in years[1:])
    assert found["year"]["wrong"] == pytest.approx(dips / (len(years) - 1))
    assert found["year"]["largest"] == pytest.approx(1 / (0.8 * np.exp(0.1)) - 1, rel=1e-6)
    notes = write_notes({"overall": None, "segments": {}, "left_out": [], "sense": found})
    assert notes[0].startswith("All else equal, more distance makes the price rise in 100.0% of 4,000 steps, by ")
    assert notes[1].startswith("All else equal, a newer year makes the price fall in ")


def test_what_cannot_be_looked_at(uk_listings: pl.DataFrame, uk_pricer: Pricer) -> None:
    assert measure_sense(uk_listings.with_columns(pl.lit(None, pl.Float64).alias("mileage")), uk_pricer) == {}
    same = measure_sense(uk_listings.head(1), uk_pricer)
    assert [item["steps"] for item in same.values()] == [0, 0]


def test_years_of_classics_are_no_steps(
    uk_listings: pl.DataFrame, uk_pricer: Pricer, monkeypatch: pytest.MonkeyPatch
) -> None:
    year, figures = uk_pricer.market.feature("year"), uk_pricer.scaler["year"]
    whole = make_grid(uk_listings, year, uk_pricer)
    first, last = whole[0] + 2, whole[-1]
    classics = [(each - figures["mean"]) / figures["scale"] for each in (first - 2, first - 1)]
    index = uk_pricer.market.features.index(year)
    codes = {value: float(code) for code, value in enumerate(classics)}
    monkeypatch.setattr(uk_pricer.forest, "wide", [*uk_pricer.forest.wide, (index, codes)])
    assert make_grid(uk_listings, year, uk_pricer).tolist() == list(range(int(first), int(last) + 1))
    table = {"field": "year", "spans": [], "since": first + 1}
    monkeypatch.setattr(uk_pricer.forest, "years", YearEnvelope(table, ["year"], figures))
    assert make_grid(uk_listings, year, uk_pricer)[0] == first + 1
