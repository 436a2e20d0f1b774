"""carprice price: what the operator sees, whole."""

import json
import math
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.tiny import write_tiny

from carprice.cli.commands.listings.price import _name_missing
from carprice.cli.main import main
from carprice.model.bundle.manifest import RETRAIN
from carprice.model.valuation import NotGiven

Run = Callable[..., tuple[int, str, str]]

HINT = "Fields: make, year, mileage, leather\n"

# ln 10,000 - 0.2 + 0.3 + 0.1
FORD = round(10_000 * math.exp(0.2))


@pytest.fixture
def version(tmp_path: Path) -> str:
    return write_tiny(tmp_path / "artifacts")


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run `carprice price` in this process: exit code, stdout, stderr."""
    monkeypatch.setenv("CARPRICE_ARTIFACTS_DIR", str(tmp_path / "artifacts"))

    def run_command(*argv: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["carprice", "price", *argv])
        code = main()
        output = capfd.readouterr()
        return code, output.out, output.err

    return run_command


def test_a_price(run: Run, version: str) -> None:
    assert FORD == 12214
    assert run("make=Ford", "year=2020", "mileage=50000") == (
        0,
        f"""\
Ford 2020
Price       12,214 EUR
Range       11,052 to 14,918 EUR (holds 90% of asking prices)
Confidence  medium: half of such prices or more are within 10 %
Model       {version}, Four fields
Note: not given: leather
""",
        "",
    )


@pytest.mark.parametrize(("coverage", "low"), [("0.5", 11554), ("0.98", 10954)])
def test_another_coverage(run: Run, version: str, coverage: str, low: int) -> None:
    code, out, _ = run("make=Ford", "year=2020", "mileage=50000", "leather=yes", "--coverage", coverage)
    assert code == 0
    assert f"{low:,} to " in out
    assert f"(holds {float(coverage):.0%} of asking prices)" in out


def test_a_price_explained(run: Run, version: str) -> None:
    assert run("--explain", "make=Ford", "year=2020", "mileage=50000", "leather=yes") == (
        0,
        f"""\
Ford 2020
Price       12,214 EUR
Range       11,052 to 14,918 EUR (holds 90% of asking prices)
Confidence  medium: half of such prices or more are within 10 %
Model       {version}, Four fields

Typical car               10,000
Year           2020       +3,321
Make           Ford       -2,214
Mileage        50,000 km  +1,107
Leather seats  yes            +0
--------------------------------
Price                     12,214 EUR
""",
        "",
    )


@pytest.mark.parametrize("typed", ["45000", "45k", "45,000", "45.000", "45 000", "45000 km"])
def test_numbers_are_typed_as_people_write_them(run: Run, version: str, typed: str) -> None:
    assert run("make=Ford", "year=2020", f"mileage={typed}") == run("make=Ford", "year=2020", "mileage=45000")


def test_an_asking_price_is_placed(run: Run, version: str) -> None:
    car = ("make=Ford", "year=2020", "mileage=50000", "leather=yes")
    code, out, errors = run(*car, "asking_price=12999.5")
    assert (code, errors) == (0, "")
    assert out.splitlines()[3] == (
        "Asking      12,999.5 EUR: fair (106.4 % of the price, above 64 % of such prices)"
    )
    code, out, _ = run(*car, "asking_price=12999.5", "--json")
    assert json.loads(out)["data"]["position"] == {
        "percentile": 64.0,
        "percent_to_market": 106.4,
        "word": "fair",
    }
    out = run(*car, "asking_price=13")[1]
    assert out.splitlines()[3] == "Asking      13 EUR: 0.1 % of the price cannot be meant"
    out = run("make=Frod", "year=2020", "asking_price=9000")[1]
    assert out.splitlines()[3] == "Asking      9,000 EUR: not placed, the model never saw such a car"
    for wrong in ("much", "0", "nan"):
        expected = f"Error: asking_price: should be a number above 0 (got {wrong!r})\n"
        assert run("make=Ford", "year=2020", f"asking_price={wrong}") == (1, "", expected)


CAR = ("make=Ford", "year=2020", "mileage=50000", "leather=yes")


def test_a_curve(run: Run, version: str) -> None:
    code, out, errors = run(*CAR, "--curve", "mileage", "--from", "0", "--to", "900000", "--points", "3")
    assert (code, errors) == (0, "")
    assert out.split("\n\n")[1].splitlines()[0].split() == ["Mileage", "Price", "Range"]
    assert out.splitlines()[-1].startswith("900,000 km")
    assert out.splitlines()[-1].endswith("  no training listing went so far")
    code, out, _ = run(*CAR, "--curve", "mileage", "--points", "2", "--json")
    assert [point["seen"] for point in json.loads(out)["data"]["curve"]["points"]] == [True, True]


def test_a_curve_takes_numbers_as_people_type_them(run: Run, version: str) -> None:
    _, out, errors = run(*CAR, "--curve", "mileage", "--from", "45k", "--to", "100,000 km", "--points", "2")
    assert errors == ""
    assert [line.split()[0] for line in out.split("\n\n")[1].splitlines()[1:3]] == ["45,000", "100,000"]
    assert run(*CAR, "--years", "1", "--distance-per-year", "10k")[1].endswith(
        "Note: the car goes 10,000 km a year\n"
    )


def test_the_years_to_come(run: Run, version: str) -> None:
    code, out, errors = run(*CAR, "--years", "2", "--distance-per-year", "10000")
    assert (code, errors) == (0, "")
    assert [line.split()[:4] for line in out.split("\n\n")[1].splitlines()[1:4]] == [
        ["0", "2020", "50,000", "km"],
        ["1", "2019", "60,000", "km"],
        ["2", "2018", "70,000", "km"],
    ]
    assert out.splitlines()[-1] == "Note: the car goes 10,000 km a year"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--curve", "make"), "--curve: should be one of year, mileage\n"),
        (("--curve", "mileage", "--from", "x"), "--from: should be a number (got 'x')\n"),
        (("--curve", "mileage", "--from", "-5"), "--from: should be from 0 to 900000 km\n"),
        (("--curve", "mileage", "--from", "9", "--to", "8"), "--to: should be above from\n"),
        (("--points", "5"), "--curve: should name a number of the listing, unless years is given instead\n"),
        (("--years", "1", "--distance-per-year", "far"), "--distance-per-year: should be a number (got 'far')\n"),
        (("--years", "1", "--to", "8"), "--to: goes with along, not with years\n"),
        (("--years", "1"), "--distance-per-year: is needed: the model does not know how far cars go in a year\n"),
    ],
)
def test_wrong_curves(run: Run, version: str, options: tuple[str, ...], message: str) -> None:
    assert run(*CAR, *options) == (1, "", f"Error: {message}")


def test_a_price_with_notes(run: Run, tmp_path: Path) -> None:
    version = write_tiny(tmp_path / "artifacts", demo=True)
    assert run("make=Frod", "year=1995", "mileage=", "leather=no", "--explain") == (
        0,
        f"""\
Frod 1995
Price       10,000 EUR
Range       9,048 to 12,214 EUR (a guess: the model never saw such a car)
Confidence  low: fewer than half of such prices are within 10 %
Model       {version}, Four fields
Note: this model learnt from simulated listings. Train one on yours: ./carprice train
Note: make was not among the training listings; did you mean 'Ford'?
Note: year is outside the training listings, which go from 2005 to 2025
Note: not given: mileage (adds 3.0% to the usual error)

Typical car               10,000
Year           1995       -3,000
Make           Frod       +2,000
Mileage        not given  +1,000
Leather seats  no             +0
--------------------------------
Price                     10,000 EUR
""",
        "",
    )


def test_of_many_fields_that_cost_little_the_number_is_said() -> None:
    cheap = [NotGiven(name, adds) for name, adds in (("fuel", None), ("body", 0.0), ("doors", 0.0004))]
    dear = [NotGiven("trim", 0.01), NotGiven("mileage", 0.058)]
    named = "mileage (adds 5.8% to the usual error), trim (adds 1.0% to the usual error), fuel, body, doors"
    assert _name_missing([*cheap, *dear]) == named
    assert _name_missing([*cheap, *dear, NotGiven("color", 0.0)]).endswith("error), 4 others that hardly matter")
    assert _name_missing([*cheap, NotGiven("color", 0.0)]) == "fuel, body, doors, color"


def test_json(run: Run, version: str) -> None:
    code, out, errors = run("make=ford", "year=2020", "mileage=50000", "--json")
    assert (code, errors) == (0, "")
    valuation: dict[str, Any] = {
        "price": 12214,
        "low": 11052,
        "high": 14918,
        "currency": "EUR",
        "confidence": "medium",
        "coverage": 0.9,
        "model_version": version,
        "as_of": None,
        "not_given": [{"field": "leather", "adds": 0.0}],
        "warnings": [],
    }
    assert json.loads(out) == {"schema": 1, "kind": "valuation", "data": valuation}
    code, out, _ = run("make=Lada", "year=2020", "mileage=50000", "--json", "--explain")
    found = json.loads(out)["data"]
    assert found["warnings"] == [
        {
            "field": "make",
            "code": "unknown_category",
            "detail": "was not among the training listings",
            "suggestions": [],
        }
    ]
    assert [part["feature"] for part in found["breakdown"]["parts"]] == ["make", "year", "mileage", "leather"]
    amounts = [part["amount"] for part in found["breakdown"]["parts"]]
    assert found["breakdown"]["base"] + sum(amounts) == found["price"]


def test_another_model(run: Run, version: str, tmp_path: Path) -> None:
    other = write_tiny(tmp_path / "artifacts")
    assert f"Model       {other}, " in run("make=Ford", "year=2020")[1]
    assert f"Model       {version}, " in run("make=Ford", "year=2020", "--model", version)[1]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ((), f"make: is required; year: is required\n{HINT}"),
        (
            ("make=", "year=1900", "mileage=-5", "milage=5", "colour=red"),
            "make: is required; year: should be from 1990 to 2030; mileage: should be from 0 to 900000 km; "
            "milage: is not a field of this market; did you mean 'mileage'?; "
            f"colour: is not a field of this market\n{HINT}",
        ),
        (("make=Ford", "year=new"), "year: should be a whole number (got 'new')\n"),
        (("make=Ford", "year=2020", "leather=maybe"), "leather: should be true or false (got 'maybe')\n"),
        (("make=Ford", "year=nan"), "year: should be a whole number (got 'nan')\n"),
        (
            ("Ford",),
            "'Ford' is not FIELD=VALUE\nSuch as: ./carprice price make=BMW 'model=3 Series' year=2017\n",
        ),
        (
            ("=Ford",),
            "'=Ford' is not FIELD=VALUE\nSuch as: ./carprice price make=BMW 'model=3 Series' year=2017\n",
        ),
        (("make=Ford", "make=Audi"), "make: is given twice ('Ford' and 'Audi')\n"),
    ],
)
def test_wrong_fields(run: Run, version: str, fields: tuple[str, ...], message: str) -> None:
    assert run(*fields) == (1, "", f"Error: {message}")


def test_no_model(run: Run, tmp_path: Path) -> None:
    assert run("make=Ford") == (
        1,
        "",
        f"Error: {tmp_path / 'artifacts'}: has no champion, so there is no model to serve\n"
        "Train one: ./carprice train\n",
    )


def test_a_model_that_is_missing(run: Run, version: str, tmp_path: Path) -> None:
    assert run("make=Ford", "--model", "20200101T000000Z") == (
        1,
        "",
        f"Error: {tmp_path / 'artifacts'}: has no bundle 20200101T000000Z. Bundles there: {version}\n{RETRAIN}\n",
    )


def test_a_damaged_model(run: Run, version: str, tmp_path: Path) -> None:
    path = tmp_path / "artifacts" / version / "scaler.pkl"
    path.unlink()
    assert run("make=Ford", "year=2020") == (1, "", f"Error: {path}: is missing\n{RETRAIN}\n")


def test_a_real_market(run: Run, small_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARPRICE_ARTIFACTS_DIR", str(small_bundle))
    car = ("make=bmw", "model=3 series", "year=2017", "transmission=Manual", "mileage=15944.5", "fuel=Petrol")
    code, out, errors = run(*car, "tax=150", "--explain")
    assert (code, errors) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    base, *parts, _, total = lines[lines.index([]) + 1 :]
    amounts = [int(line[-1].replace(",", "")) for line in (base, *parts)]
    assert sum(amounts) == int(total[1].replace(",", ""))
    assert total[1:] == lines[1][1:]
    assert "15,944 mi" in out
    assert "not given" in out


FIESTA = ("make=Ford", "model=Fiesta", "year=2017", "transmission=Manual", "mileage=15944", "fuel=Petrol")


def test_comparables(run: Run, small_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARPRICE_ARTIFACTS_DIR", str(small_bundle))
    code, out, errors = run(*FIESTA, "--comparables", "3")
    assert (code, errors) == (0, "")
    head, columns, *rows, last = out.split("\n\n")[1].splitlines()
    assert head == "Comparables (same make and model, worth at most 25% more or less)"
    assert columns.split()[-2:] == ["Asked", "Here"]
    assert len(rows) == 3
    data = json.loads(run(*FIESTA, "--comparables", "3", "--id", "A1", "--json")[1])["data"]["comparables"]
    assert last == f"The median of these, for this car: {data['median']:,} GBP"
    assert [f"{each['price']:,}" for each in data["listings"]] == [row.split()[-2] for row in rows]
    none = run("make=Lada", "model=Niva", *FIESTA[2:], "--comparables", "3")[1]
    assert none.endswith("\nComparables: none, no listing is like this car\n")


def test_a_price_explained_from_the_usual_car_on(
    run: Run, small_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARPRICE_ARTIFACTS_DIR", str(small_bundle))
    code, out, errors = run(*FIESTA, "--explain-model", "--group")
    assert (code, errors) == (0, "")
    first, *parts, _, last = out.split("\n\n")[1].splitlines()
    assert first.startswith("Usual Ford Fiesta ")
    assert any(line.split()[:6] == ["Year", "and", "mileage", "2017,", "15,944", "mi"] for line in parts)
    amounts = [int(line.split()[-1].replace(",", "")) for line in (first, *parts)]
    assert sum(amounts) == int(last.split()[1].replace(",", ""))


def test_a_model_without_listings_has_no_comparables(run: Run, version: str) -> None:
    out = run(*CAR, "--comparables", "3")[1]
    assert out.endswith("\nComparables: none, this model keeps no listings to show\n")


def test_it_needs_none_of_the_heavy_libraries(version: str, tmp_path: Path) -> None:
    """A price comes in a blink: neither polars nor MLflow nor NumPy is imported for it."""
    code = (
        "import sys; from carprice.cli.main import main\n"
        "sys.argv = ['carprice', 'price', 'make=Ford', 'year=2020']\n"
        "main(); print(sorted({'polars', 'numpy', 'mlflow', 'lightgbm', 'pandas'} & set(sys.modules)))"
    )
    environment = {"CARPRICE_ARTIFACTS_DIR": str(tmp_path / "artifacts"), "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_the_words_of_a_text(run: Run, titled_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    car = ("make=BMW", "model=3 Series", "year=2017", "mileage=40000", "title=BMW M Sport")
    monkeypatch.setenv("CARPRICE_ARTIFACTS_DIR", str(titled_bundle))
    code, out, errors = run(*car, "--explain")
    assert (code, errors) == (0, "")
    rows = re.findall(r'(?m)^ +("[^"]+") +([+-][\d,]+)$', out)
    amounts = {word: int(amount.replace(",", "")) for word, amount in rows}
    [title] = re.findall(r"(?m)^Title +BMW M Sport +(\S+)$", out)
    assert amounts['"M Sport"'] > 1_000
    assert sum(amounts.values()) == int(title.replace(",", ""))
