"""Scoring a file: every row comes back, in order, with the pricer's own figures."""

import io
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from carprice.cli.main import cli
from carprice.errors import ListingsError
from carprice.model.manifest import find_bundle
from carprice.model.pricer import Pricer, load_pricer
from carprice.scoring.score_file import PRICES, score_file, write_scores

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
    assert frame.row(0)[-4:] == (expected.price, expected.low, expected.high, None)
    assert frame.row(1)[-4:] == frame.row(0)[-4:]
    assert frame["predicted_price"].null_count() == 2
    assert frame["problem"].to_list() == [
        None,
        None,
        None,
        None,
        "year: value outside limits",
        "mileage: unreadable number",
    ]


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
    result = CliRunner().invoke(cli, ["score", str(listings), "--output", str(output)])
    version = find_bundle(small_bundle).name
    assert result.stderr == f"Read 6 rows ...\nPriced 6 rows with model {version}, in {output}\n"
    assert output.read_text().splitlines()[0] == f"{COLUMNS},{','.join(PRICES)}"


def test_a_file_that_was_scored_before_is_refused(listings: Path, tmp_path: Path, pricer: Pricer) -> None:
    path = tmp_path / "scored.csv"
    with path.open("wb") as output:
        write_scores(score_file(listings, pricer), output, as_parquet=False)
    with pytest.raises(ListingsError) as error:
        list(score_file(path, pricer))
    assert error.value.what == f"{path}: has a column 'predicted_price' already, which the prices would replace"


def test_a_file_of_another_market_is_refused(tmp_path: Path, pricer: Pricer) -> None:
    path = tmp_path / "dogs.csv"
    path.write_text("breed,age\npoodle,3\n")
    with pytest.raises(
        ListingsError, match=r"dogs.csv: has no column 'make', which market uk needs for features.make"
    ):
        list(score_file(path, pricer))
