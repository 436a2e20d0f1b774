"""Scoring a file: every row comes back, in order, with the pricer's own figures."""

import io
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from carprice.cli.main import cli
from carprice.errors import ListingsError
from carprice.model.comparables import load_finder
from carprice.model.listing import parse_fields
from carprice.model.manifest import find_bundle
from carprice.model.position import Position
from carprice.model.pricer import Pricer, load_pricer
from carprice.scoring.score_file import POSITION, PRICES, score_file, write_scores

COLUMNS = "make,model,year,transmission,mileage,fuelType,tax,mpg,engineSize"
ROWS = (
    "Ford,Fiesta,2017,Manual,15944,Petrol,125,65.7,1.0",
    "FORD, fiesta,2017,manual,15944,petrol,125,65.7,1.0",
    "Audi,A3,2019,Automatic,5000,Diesel,145,,0",
    "Nobody,Knows,2015,Manual,60000,Petrol,30,55.4,1.4",
    "Ford,Focus,2060,Manual,100,Petrol,145,50,1.5",
    "Ford,Focus,2016,Manual,many,Petrol,20,60,1.5",
)


@pytest.fixture
def pricer(small_bundle: Path) -> Pricer:
    return load_pricer(find_bundle(small_bundle))


@pytest.fixture
def listings(tmp_path: Path) -> Path:
    path = tmp_path / "cars.csv"
    path.write_text("\n".join((COLUMNS, *ROWS)) + "\n")
    return path


def test_every_row_comes_back_in_order_as_the_pricer_prices_it(listings: Path, pricer: Pricer) -> None:
    frame = pl.concat(score_file(listings, pricer))
    car = {"make": "Ford", "model": "Fiesta", "year": 2017, "transmission": "Manual", "mileage": 15944}
    expected = pricer.price(car | {"fuel": "Petrol", "tax": 125, "mpg": 65.7, "engine_size": 1.0})
    assert frame.columns == [*COLUMNS.split(","), *PRICES]
    assert frame["year"].to_list() == ["2017", "2017", "2019", "2015", "2060", "2016"]
    assert frame.row(0)[-6:] == (expected.price, expected.low, expected.high, None, expected.confidence, None)
    assert frame.row(1)[-6:] == frame.row(0)[-6:]
    assert frame["predicted_price"].null_count() == 2
    assert frame["problem"].to_list() == [
        None,
        None,
        None,
        None,
        "year: value outside limits",
        "mileage: unreadable number",
    ]
    assert frame["confidence"].is_null().to_list() == [False] * 4 + [True] * 2
    assert frame["warnings"].to_list() == [
        *(None, None, None),
        "unknown_category:make; unknown_category:model",
        *(None, None),
    ]


STRANGE = (
    "Audi,Fiesta,2017,Manual,15944,Petrol,125,65.7,1.0",
    "Ford,Nothing,2017,Tiptronic,15944,Petrol,125,65.7,1.0",
    "Ford,Fiesta,1981,Manual,499999,Petrol,999,,9.5",
    "Ford,Fiesta,2017,Manual,0,Petrol,125,65.7,1.0",
    "Ford,Fiesta,2012,Manual,0,Petrol,125,499,1.0",
)


def test_warnings_are_the_pricers(tmp_path: Path, pricer: Pricer) -> None:
    path = tmp_path / "cars.csv"
    path.write_text("\n".join((COLUMNS, *STRANGE)) + "\n")
    names = [feature.name for feature in pricer.market.features]
    for row in pl.concat(score_file(path, pricer)).iter_rows(named=True):
        texts = [row[feature.column] for feature in pricer.market.features]
        found = pricer.price(parse_fields(pricer.market, dict(zip(names, texts, strict=True))))
        assert found.warnings
        assert row["warnings"] == "; ".join(f"{item.code}:{item.field}" for item in found.warnings)
        assert tuple(row[name] for name in (*PRICES[:3], "confidence")) == (
            *(found.price, found.low, found.high),
            found.confidence,
        )


def test_a_car_that_is_not_valued_has_its_reason(tmp_path: Path, pricer: Pricer) -> None:
    path = tmp_path / "cars.csv"
    path.write_text("\n".join((COLUMNS, ROWS[0], *STRANGE[:3])) + "\n")
    market = pricer.market
    pricer.market = replace(market, price=replace(market.price, refuse=True))
    frame = pl.concat(score_file(path, pricer))
    assert frame["problem"].to_list() == [
        None,
        "not valued: make or model never seen",
        "not valued: make or model never seen",
        "not valued: values outside the training listings",
    ]
    for name in (*PRICES[:3], "confidence"):
        assert frame[name].is_null().to_list() == [False, True, True, True], name
    assert frame["warnings"][1] == "unknown_combination:model"


def test_a_file_without_the_column_of_an_optional_field(tmp_path: Path, pricer: Pricer) -> None:
    path = tmp_path / "cars.csv"
    path.write_text(
        "make,model,year,transmission,mileage,fuelType,Engine size\nFord,Fiesta,2017,Manual,15944,Petrol,1.0\n"
    )
    notes: list[str] = []
    frame = pl.concat(score_file(path, pricer, note=notes.append))
    car = {"make": "Ford", "model": "Fiesta", "year": 2017, "transmission": "Manual", "mileage": 15944}
    expected = pricer.price(car | {"fuel": "Petrol"})
    assert frame.row(0)[-6:-3] == (expected.price, expected.low, expected.high)
    assert notes == [
        "column 'tax' is not in the file: tax is not given",
        "column 'mpg' is not in the file: mpg is not given",
        "column 'engineSize' is not in the file: engine_size is not given; did you mean 'Engine size'?",
    ]


def test_lines_that_are_no_rows_are_said(tmp_path: Path, pricer: Pricer) -> None:
    path = tmp_path / "cars.csv"
    path.write_text("\n".join((COLUMNS, ROWS[0], "Ford,Fiesta", ROWS[1], "Ford")) + "\n")
    notes: list[str] = []
    frame = pl.concat(score_file(path, pricer, note=notes.append))
    assert frame["predicted_price"].is_not_null().to_list() == [True, True]
    assert notes == ["2 rows without a price were left out: too few fields, first: line 3, 'Ford,Fiesta'"]


def test_a_file_without_the_column_of_a_required_field_is_refused(tmp_path: Path, pricer: Pricer) -> None:
    path = tmp_path / "cars.csv"
    path.write_text("make,model,year,transmission,fuelType\nFord,Fiesta,2017,Manual,Petrol\n")
    with pytest.raises(
        ListingsError, match=r"has no column 'mileage', which market uk needs for features.mileage"
    ):
        list(score_file(path, pricer))


def test_prices_equal_the_pricers_on_every_real_listing(listings_dir: Path, pricer: Pricer) -> None:
    frame = pl.concat(score_file(listings_dir / "uk.csv.gz", pricer))
    good = frame.filter(pl.col("problem").is_null())
    sample = good.sample(500, seed=1).iter_rows(named=True)
    names = {feature.column: feature for feature in pricer.market.features}
    for row in sample:
        car = {
            feature.name: row[column].strip() if feature.is_category else float(row[column])
            for column, feature in names.items()
        }
        for feature in pricer.market.features:
            if feature.outside == "missing" and not feature.min <= car[feature.name] <= feature.max:
                car[feature.name] = None
        found = pricer.price(car)
        assert (found.price, found.low, found.high) == tuple(row[name] for name in PRICES[:3])
    assert frame.height == 86_871


def test_csv_and_parquet_hold_the_same(listings: Path, pricer: Pricer) -> None:
    csv, parquet = io.BytesIO(), io.BytesIO()
    assert write_scores(score_file(listings, pricer), csv, as_parquet=False) == len(ROWS)
    assert write_scores(score_file(listings, pricer), parquet, as_parquet=True) == len(ROWS)
    read = pl.read_csv(csv.getvalue(), infer_schema=False)
    assert (
        read["predicted_price"].to_list()
        == pl.read_parquet(parquet.getvalue())["predicted_price"].cast(pl.String).to_list()
    )


def test_the_command_writes_a_file_and_says_so(
    listings: Path, small_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARPRICE_ARTIFACTS_DIR", str(small_bundle))
    output = listings.with_name("prices.csv")
    result = CliRunner().invoke(cli, ["score", str(listings), "--output", str(output), "--asking", "tax"])
    version = find_bundle(small_bundle).name
    assert result.stderr == f"Read 6 rows ...\nPriced 6 rows with model {version}, in {output}\n"
    assert output.read_text().splitlines()[0] == f"{COLUMNS},{','.join((*PRICES, *POSITION.values()))}"


def test_a_file_that_was_scored_before_is_refused(listings: Path, tmp_path: Path, pricer: Pricer) -> None:
    path = tmp_path / "scored.csv"
    with path.open("wb") as output:
        write_scores(score_file(listings, pricer), output, as_parquet=False)
    with pytest.raises(ListingsError) as error:
        list(score_file(path, pricer))
    assert error.value.what == f"{path}: has a column 'predicted_price' already, which the prices would replace"


ASKED = ("9995", "£ 12,500", "", "many", "9995", "9995", "9,000.50")


def test_asking_prices_are_placed_as_the_pricer_places_them(tmp_path: Path, pricer: Pricer) -> None:
    path = tmp_path / "cars.csv"
    rows = [*ROWS[:3], ROWS[0], ROWS[3], ROWS[4], ROWS[2]]
    lines = [f'{row},"{asked}"' for row, asked in zip(rows, ASKED, strict=True)]
    path.write_text("\n".join((f"{COLUMNS},Asked", *lines)) + "\n")
    market = pricer.market
    pricer.market = replace(market, price=replace(market.price, pattern="([0-9.,]+)"))
    frame = pl.concat(score_file(path, pricer, asking="Asked"))
    assert frame.columns == [*COLUMNS.split(","), "Asked", *PRICES, *POSITION.values()]
    names = [feature.name for feature in market.features]
    for place, asking in ((0, 9_995), (1, 12_500), (6, 9_000.5)):
        row = frame.row(place, named=True)
        fields = parse_fields(market, dict(zip(names, rows[place].split(","), strict=True)))
        fields["engine_size"] = fields["engine_size"] or None
        position = pricer.price({**fields, "asking_price": asking}).position
        assert isinstance(position, Position)
        assert [row[column] for column in POSITION.values()] == [
            *(position.percentile, position.word, position.percent_to_market)
        ]
    for column in POSITION.values():
        assert frame[column].is_null().to_list() == [False, False, True, True, True, True, False], column


def test_an_asking_price_is_ranked_among_comparables(listings: Path, small_bundle: Path, pricer: Pricer) -> None:
    path = listings.with_name("asked.csv")
    path.write_text(
        "\n".join((f"{COLUMNS},Asked", f"{ROWS[0]},1", f"{ROWS[0]},90000", f"{ROWS[3]},5", f"{ROWS[4]},5")) + "\n"
    )
    finder = load_finder(find_bundle(small_bundle), pricer)
    frame = pl.concat(score_file(path, pricer, asking="Asked", finder=finder))
    assert frame.columns[-2:] == ["asking_rank", "asking_comparables"]
    assert frame["asking_rank"].to_list() == [1, 6, None, None]
    assert frame["asking_comparables"].to_list() == [5, 5, None, None]


def test_a_rank_needs_asking_prices(listings: Path) -> None:
    result = CliRunner().invoke(cli, ["score", str(listings), "--comparables"])
    assert result.exit_code == 2
    assert "--comparables ranks asking prices: name their column with --asking COLUMN." in result.stderr


def test_a_refused_price_has_no_position(tmp_path: Path, pricer: Pricer) -> None:
    path = tmp_path / "cars.csv"
    path.write_text("\n".join((f"{COLUMNS},Asked", f"{ROWS[0]},9995", f"{STRANGE[2]},9995")) + "\n")
    pricer.market = replace(pricer.market, price=replace(pricer.market.price, refuse=True))
    frame = pl.concat(score_file(path, pricer, asking="Asked"))
    assert frame["asking_word"].is_null().to_list() == [False, True]


def test_a_column_of_asking_prices_that_is_not_there_is_refused(listings: Path, pricer: Pricer) -> None:
    with pytest.raises(ListingsError) as error:
        list(score_file(listings, pricer, asking="Milage"))
    assert error.value.what == f"{listings}: has no column 'Milage' to take asking prices from"
    assert error.value.hint == f"Did you mean 'mileage'? The file has: {COLUMNS.replace(',', ', ')}"


def test_a_file_of_another_market_is_refused(tmp_path: Path, pricer: Pricer) -> None:
    path = tmp_path / "dogs.csv"
    path.write_text("breed,age\npoodle,3\n")
    with pytest.raises(
        ListingsError, match=r"dogs.csv: has no column 'make', which market uk needs for features.make"
    ):
        list(score_file(path, pricer))
