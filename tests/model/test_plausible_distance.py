"""Distances that hardly can be meant are questioned everywhere, and priced without a promise."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.model.cars import UK_CAR, change

from carprice.frames.pricing import price_frame
from carprice.model.bundle.contents import read_bundle
from carprice.model.bundle.manifest import find_bundle
from carprice.model.plausibility import UsualDistance
from carprice.model.pricer import Pricer

USUAL = UsualDistance(mileage=0, year=1, yearly=8_000.0, newest=2020.0)


@pytest.mark.parametrize(
    ("distance", "year", "expected"),
    [
        (24_000.0, 2017.0, False),
        (3_001.0, 2017.0, False),
        (2_999.0, 2017.0, True),
        (10.0, 2019.0, False),  # a new one may have gone nothing
        (10.0, 2018.0, False),
        (80_000.0, 2020.0, False),
        (80_001.0, 2020.0, True),
        (400_001.0, 2010.0, True),
        (15_001.0, 1985.0, False),  # an old one is often kept for little use
        (14_999.0, 1985.0, True),
        (None, 2010.0, False),
        (10.0, None, False),
    ],
)
def test_what_does_not_go_with_the_age(distance: float | None, year: float | None, expected: bool) -> None:
    assert USUAL.applies([distance, year]) is expected


@pytest.mark.parametrize(
    ("distance", "suggested"), [(24.0, 24_000.0), (2_400.0, 24_000.0), (240_000.0, 24_000.0), (0.0, None)]
)
def test_what_may_have_been_meant(distance: float, suggested: float | None) -> None:
    assert USUAL.suggest(distance, 2017.0) == suggested


@pytest.mark.parametrize(
    ("mileage", "detail", "suggestions"),
    [
        (
            45,
            "of 45 mi is little for a car of 2017: such cars have gone about 24,000 mi; did you mean 45000?",
            ("45000",),
        ),
        (
            1_000,
            "of 1,000 mi is little for a car of 2017: such cars have gone about 24,000 mi; did you",
            ("10000",),
        ),
    ],
)
def test_one_car_is_questioned(pricer: Pricer, mileage: int, detail: str, suggestions: tuple[str, ...]) -> None:
    found = pricer.price(change(UK_CAR, year=2017, mileage=mileage))
    [warning] = [warning for warning in found.warnings if warning.code == "unlikely_value"]
    assert warning.field == "mileage"
    assert warning.detail.startswith(detail)
    assert warning.suggestions == suggestions


def test_the_range_of_an_unlikely_one_is_not_promised(pricer: Pricer) -> None:
    low = pricer.scaler["mileage"]["min"]
    found = pricer.price(change(UK_CAR, year=2017, mileage=max(low, 1_000)))
    assert [warning.code for warning in found.warnings] == ["unlikely_value"]
    assert (found.coverage, found.confidence) == (None, "low")


def test_one_many_and_a_frame_say_the_same(pricer: Pricer) -> None:
    names = [feature.name for feature in pricer.market.features]
    cars: list[dict[str, Any]] = [
        change(UK_CAR, year=year, mileage=mileage)
        for year in (2008, 2014, 2017, 2019)
        for mileage in (0, 45, 2_500, 24_000, 400_000)
    ]
    rows = [pricer.read_values(car) for car in cars]
    many = pricer.price_rows(rows)
    assert many == [pricer.price_values(row) for row in rows]
    schema = {name: pl.String if name in pricer.encoders else pl.Float64 for name in names}
    frame = price_frame(pl.DataFrame(rows, schema, orient="row"), pricer)
    codes = ["; ".join(f"{each.code}:{each.field}" for each in found.warnings) or None for found in many]
    assert frame["warnings"].to_list() == codes
    assert any(code and "unlikely_value:mileage" in code for code in codes)


def test_a_model_that_does_not_know_asks_nothing(small_bundle: Path) -> None:
    bundle = read_bundle(find_bundle(small_bundle))
    bundle.manifest["distance_per_year"] = None
    found = Pricer(bundle).price(change(UK_CAR, mileage=45))
    assert "unlikely_value" not in [warning.code for warning in found.warnings]
