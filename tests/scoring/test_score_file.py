"""Scoring a file: every row comes back, in order, with the pricer's own figures."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from carprice.cli.main import cli
from carprice.errors import ListingsError
from carprice.model.bundle.manifest import find_bundle
from carprice.model.evidence.comparables import load_finder
from carprice.model.listing import parse_fields
from carprice.model.position import Position
from carprice.model.pricer import Pricer, load_pricer
from carprice.scoring.score_file import POSITION, PRICES, score_file, write_scores
from carprice.scoring.summary import ScoreSummary, neutralise

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
    assert result.stderr == (
        f"Read 6 rows ...\nPriced 4 of 6 rows, 2 with a problem, 1 priced with warnings, with model {version}, "
        f"in {output}\n"
    )
    assert output.read_text().splitlines()[0] == f"{COLUMNS},{','.join((*PRICES, *POSITION.values()))}"


def test_a_file_without_one_good_row(tmp_path: Path, pricer: Pricer) -> None:
    path = tmp_path / "cars.csv"
    path.write_text("\n".join((COLUMNS, *ROWS[4:])) + "\n")
    frame = pl.concat(score_file(path, pricer))
    assert frame["predicted_price"].null_count() == 2
    assert frame["problem"].to_list() == ["year: value outside limits", "mileage: unreadable number"]


def test_a_batch_without_one_good_row(listings: Path, pricer: Pricer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("carprice.scoring.score_file.BATCH_ROWS", 2)
    batches = list(score_file(listings, pricer))
    assert [batch["predicted_price"].null_count() for batch in batches] == [0, 0, 2]
    assert len({tuple(batch.schema.items()) for batch in batches}) == 1, "Parquet has one schema"


def run_score(*argv: str | Path) -> tuple[int, str]:
    """The exit code and what it says of a failure, without a traceback."""
    result = CliRunner().invoke(cli, ["score", *map(str, argv)])
    return result.exit_code, str(result.exception or "")


@pytest.mark.parametrize(
    ("name", "found"), [("p.xlsx", "format .xlsx"), ("p.gz", "format .gz"), ("p", "a file without an ending")]
)
def test_another_format_is_refused_before_anything_is_read(name: str, found: str, tmp_path: Path) -> None:
    output = tmp_path / name
    code, message = run_score(tmp_path / "missing.csv", "--output", output)
    assert code == 1
    assert message == (
        f"{output}: cannot be written as {found}: prices are written as .csv or .parquet\n"
        f"Write {tmp_path / 'p.csv'}, which spreadsheets open: --output {tmp_path / 'p.csv'}"
    )
    assert not output.exists()


def test_a_reader_that_goes_away_ends_it_quietly(root: Path, small_bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "cars.csv"
    path.write_text("\n".join((COLUMNS, *(ROWS[0] for _ in range(120_000)))) + "\n")
    command = f"({sys.executable} -m carprice score {path}; echo $? >&2) | head -n 1"
    environment = {**os.environ, "PYTHONPATH": str(root / "src"), "CARPRICE_ARTIFACTS_DIR": str(small_bundle)}
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"{COLUMNS},{','.join(PRICES)}\n"
    *progress, code = done.stderr.splitlines()
    assert all(line.startswith("Read ") for line in progress)
    assert code == "0"


def test_prices_of_the_file_itself_are_compared(tmp_path: Path, pricer: Pricer) -> None:
    first = pricer.price(
        {"make": "Ford", "model": "Fiesta", "year": 2017, "transmission": "Manual"}
        | {"mileage": 15944, "fuel": "Petrol", "tax": 125, "mpg": 65.7, "engine_size": 1.0}
    )
    path = tmp_path / "cars.csv"
    prices = (first.price, round(first.price / 1.25), "POA", 3_000, "", 1)
    lines = [f"{row},{price}" for row, price in zip((ROWS[0], ROWS[0], *ROWS[2:]), prices, strict=True)]
    path.write_text("\n".join((f"{COLUMNS},price", *lines)) + "\n")
    summary = ScoreSummary(pricer.market)
    frames = list(summary.count(score_file(path, pricer)))
    errors = np.abs(np.concatenate(summary.errors))
    assert len(errors) == 3, "the rows that have a price of their own, and one of ours"
    assert errors[:2] == pytest.approx([0, 0.25], abs=1e-3)
    text = summary.describe_errors()
    left = "the other 1 have no price within the market's limits"
    assert text.startswith(f"Against column 'price' of 3 rows ({left}): median error 25.0%, MAE ")
    assert text.endswith(f"{summary.held / 3:.1%} within the range")
    assert (summary.rows, summary.priced, summary.problems) == (6, 4, 2)
    assert frames[0]["price"].to_list()[2] == "POA"


def test_prices_without_the_column_of_their_currency_are_compared_too(tmp_path: Path, pricer: Pricer) -> None:
    market = replace(pricer.market, price=replace(pricer.market.price, currency_column="Currency"))
    path = tmp_path / "cars.csv"
    path.write_text(f"{COLUMNS},price\n{ROWS[0]},9000\n")
    summary = ScoreSummary(market)
    list(summary.count(score_file(path, pricer)))
    assert len(np.concatenate(summary.errors)) == 1


def test_a_car_that_is_not_valued_is_counted_apart(tmp_path: Path, pricer: Pricer) -> None:
    path = tmp_path / "cars.csv"
    path.write_text("\n".join((COLUMNS, ROWS[0], ROWS[4], *STRANGE[:3])) + "\n")
    market = pricer.market
    pricer.market = replace(market, price=replace(market.price, refuse=True))
    summary = ScoreSummary(pricer.market)
    list(summary.count(score_file(path, pricer)))
    assert summary.describe() == "Priced 1 of 5 rows, 1 with a problem, 3 not valued"
    assert summary.describe_errors() == ""


FORMULAS = ["=1+1", "+cmd|x", "@SUM(A1)", "-2+3", "\tx", "-5", "+49 30", "fine", None]


def test_formulas_are_kept_from_running(tmp_path: Path) -> None:
    frame = pl.DataFrame({"=note": FORMULAS, "predicted_price": range(len(FORMULAS))})
    safe = neutralise(frame)
    assert safe.columns == ["'=note", "predicted_price"]
    assert safe["'=note"].to_list() == [
        *("'=1+1", "'+cmd|x", "'@SUM(A1)", "'-2+3", "'\tx"),
        *("-5", "+49 30", "fine", None),
    ]


def test_formulas_are_named_where_they_are_left(
    tmp_path: Path, small_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARPRICE_ARTIFACTS_DIR", str(small_bundle))
    path = tmp_path / "cars.csv"
    path.write_text(f"{COLUMNS},note\n{ROWS[0]},=1+1\n")
    said = CliRunner().invoke(cli, ["score", str(path)])
    assert said.stderr.endswith(
        "Note: 1 texts start as formulas do; --safe keeps a spreadsheet from running them\n"
    )
    safe = CliRunner().invoke(cli, ["score", str(path), "--safe"])
    assert "'=1+1" in safe.stdout
    assert "Note" not in safe.stderr


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
