"""Numbers that no listing of a make and model comes near are questioned everywhere, and promised nothing."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.bundles import invent_uk_listings
from tests.model.cars import UK_CAR, change
from tests.model.damage import edit_pickle, refusal

from carprice.frames.encoding import fit_encoders
from carprice.frames.pricing import price_frame
from carprice.market.market_file import load_market
from carprice.model.bundle.contents import read_bundle
from carprice.model.bundle.manifest import find_bundle
from carprice.model.plausibility import UsualValues
from carprice.model.pricer import Pricer
from carprice.training.usual_cars import MIN_YEAR_ROWS, span_values

FIESTA = (0.0, 1.0)
ROWS = [[[0, 1], [[40.0, 80.0], None]], [[0, 2], [[50.0, 50.0], [3.0, 5.0]]]]
TABLE = {"fields": ["mpg", "doors"], "rows": ROWS}
NAMES = ["make", "model", "mpg", "doors"]
SCALER = {"mpg": {"scale": 10.0}, "doors": {"scale": 1.0}}


@pytest.fixture
def spans() -> UsualValues:
    return UsualValues(TABLE, NAMES, SCALER)


@pytest.mark.parametrize(
    ("key", "mpg", "doors", "strange"),
    [
        (FIESTA, 60.0, None, []),
        (FIESTA, 20.0, 900.0, []),  # half the span below; of doors nothing is known
        (FIESTA, 19.9, None, [2]),
        (FIESTA, 100.1, None, [2]),
        ((0.0, 2.0), 45.0, 6.0, []),  # half a standard deviation where all are alike
        ((0.0, 2.0), 44.9, 6.1, [2, 3]),
        ((0.0, 3.0), 1.0, 1.0, []),  # a model of few listings
        (FIESTA, None, None, []),
    ],
)
def test_what_is_far_from_its_make_and_model(
    spans: UsualValues, key: tuple[float, ...], mpg: float | None, doors: float | None, strange: list[int]
) -> None:
    values = ["Ford", "Fiesta", mpg, doors]
    assert [span.column for span in spans.find(key, values)] == strange
    assert spans.find_rows([[key[0]], [key[1]]], [values]) == ({0} if strange else set())


@pytest.mark.parametrize(("year", "strange"), [(2015.0, []), (2016.0, [2]), (1999.0, []), (1998.0, [2])])
def test_a_car_years_newer_than_any_of_its_model_is_no_such_car(year: float, strange: list[int]) -> None:
    """It may be of a generation that no listing is of; older ones go on along the line for a while."""
    table = {"fields": ["year"], "rows": [[[0, 1], [[2003.0, 2013.0]]]], "older": 4.0}
    spans = UsualValues(table, ["make", "model", "year"], {"year": {"scale": 4.0}}, 2)
    assert [span.column for span in spans.find(FIESTA, ["Ford", "Fiesta", year])] == strange


def test_a_bundle_of_before_has_no_limit_of_its_own_for_older_cars() -> None:
    """Else its golden listings would be priced otherwise than when it was made."""
    table = {"fields": ["year"], "rows": [[[0, 1], [[2003.0, 2013.0]]]]}
    spans = UsualValues(table, ["make", "model", "year"], {"year": {"scale": 4.0}}, 2)
    years = [year for year in range(1990, 2003) if not spans.find(FIESTA, ["Ford", "Fiesta", float(year)])]
    assert years == [1998, 1999, 2000, 2001, 2002]


@pytest.mark.parametrize(("value", "meant"), [(5.5, 55.0), (550.0, 55.0), (0.055, 55.0), (9.0, None), (3.0, None)])
def test_what_may_have_been_meant(spans: UsualValues, value: float, meant: float | None) -> None:
    [span] = spans.spans[FIESTA]
    assert span.suggest(value) == (meant if meant is None else pytest.approx(meant))


def test_spans_are_of_the_listings_but_a_few_odd_ones(markets_dir: Path) -> None:
    market = load_market("uk", markets_dir)
    frame = invent_uk_listings(market, 3_000)
    encoders, _ = fit_encoders(frame, market)
    table = span_values(frame, market, encoders)
    assert table is not None
    assert table["fields"] == ["year", "tax", "mpg", "engine_size"]
    for (make, model), limits in table["rows"]:
        part = frame.filter(make=encoders["make"][make], model=encoders["model"][model])
        for name, (low, high) in zip(table["fields"], limits, strict=True):
            held = part[name].drop_nulls().is_between(low, high).mean()
            assert 0.97 < float(held or 0) <= 1  # type: ignore[arg-type]
    few = span_values(frame.group_by("make", "model").head(MIN_YEAR_ROWS), market, encoders)
    assert few is not None
    assert len(few["rows"]) == len(table["rows"])
    assert all(years and rest == [None] * 3 for _, (years, *rest) in few["rows"]), "of so few the year alone"
    none = frame.group_by("make", "model").head(MIN_YEAR_ROWS - 1)
    older = pytest.approx(none["year"].std())
    assert span_values(none, market, encoders) == {**table, "rows": [], "older": older}


@pytest.fixture(scope="module")
def small_fiestas(small_bundle: Path) -> Pricer:
    """A pricer whose Ford Fiestas have small engines, and go far for a gallon."""
    bundle = read_bundle(find_bundle(small_bundle))
    codes = [bundle.encoders["make"].index("Ford"), bundle.encoders["model"].index("Fiesta")]
    table = {"fields": ["year", "mpg", "engine_size"], "rows": [[codes, [None, [57.0, 70.0], [1.0, 1.2]]]]}
    bundle.model["usual_values"] = table
    return Pricer(bundle)


def test_a_car_with_such_a_number_is_promised_nothing(small_fiestas: Pricer) -> None:
    usual = small_fiestas.price(UK_CAR)
    found = small_fiestas.price(change(UK_CAR, make="FORD", engine_size=3.0))
    [warning] = found.warnings
    assert (warning.code, warning.field) == ("unlikely_value", "engine_size")
    assert warning.detail == "is far from the training listings of such cars, which go from 1 to 1.2 l"
    assert (usual.confidence != "low", found.confidence, found.coverage) == (True, "low", None)
    assert small_fiestas.price(change(UK_CAR, model="Focus", engine_size=3.0)).warnings == ()


def test_one_many_and_a_frame_say_the_same(small_fiestas: Pricer) -> None:
    cars = [
        change(UK_CAR, year=year, engine_size=size, model=model, mpg=mpg)
        for year in (1981, 2017)
        for size in (1.0, 3.0, 6.6)
        for model in ("Fiesta", "Focus", "Octavia", "Unheard")
        for mpg in (36.0, 57.7, 5.77)
    ]
    rows = [small_fiestas.read_values(car) for car in cars]
    many = small_fiestas.price_rows(rows)
    assert many == [small_fiestas.price_values(row) for row in rows]
    names = [feature.name for feature in small_fiestas.market.features]
    schema = {name: pl.String if name in small_fiestas.encoders else pl.Float64 for name in names}
    frame = price_frame(pl.DataFrame(rows, schema, orient="row"), small_fiestas)
    codes = ["; ".join(f"{each.code}:{each.field}" for each in found.warnings) or None for found in many]
    assert frame["warnings"].to_list() == codes
    assert frame["coverage"].to_list() == [found.coverage for found in many]
    assert {"unlikely_value:mpg; unlikely_value:engine_size", None} < set(codes)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"fields": ["wings"], "rows": []}, "usual_values.fields: should name columns (got 'wings')"),
        (
            {"fields": ["mpg"], "rows": [[[0], [None]]]},
            "usual_values.rows[0]: should have 2 codes and 1 limits (got others)",
        ),
        (
            {"fields": ["mpg"], "rows": [[[0, 0], [[2.0, 1.0]]]]},
            "usual_values.rows[0]: should have each low before its high (got [(2.0, 1.0)])",
        ),
    ],
)
def test_damage_is_named(bundle_folder: Path, table: dict[str, Any], message: str) -> None:
    edit_pickle(bundle_folder, "model.pkl", lambda model: model.__setitem__("usual_values", table))
    assert message in str(refusal(bundle_folder))
