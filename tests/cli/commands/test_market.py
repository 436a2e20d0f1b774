import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from carprice.cli.main import cli, main

Run = Callable[..., tuple[int, str, str]]

CARS = "make,model,year,price,transmission,mileage,fuel,engine_size\n" + "".join(
    f"Ford,Focus,{2010 + row % 9},{9_000 + 100 * row},Manual,{5_000 * (1 + row % 7)},Petrol,1.0\n"
    for row in range(60)
)


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, markets_dir: Path) -> Run:
    """Run the command line in this process: exit code, stdout, stderr."""
    monkeypatch.setenv("CARPRICE_MARKETS_DIR", str(markets_dir))

    def run_command(*argv: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["carprice", *map(str, argv)])
        code = main()
        output = capfd.readouterr()
        return code, output.out, output.err

    return run_command


@pytest.fixture
def cars(tmp_path: Path) -> Path:
    path = tmp_path / "cars.csv"
    path.write_text(CARS)
    return path


def test_check(run: Run, cars: Path) -> None:
    cars.write_text(CARS + "Ford,Focus,2060,9000,Manual,1,Petrol,1.0\n")
    assert run("market", "check", cars, "--market", "demo") == (
        0,
        f"{cars} as market demo\n"
        "  rows read              61\n"
        "  rows kept              60\n"
        "  rows dropped            1\n"
        "    year: value outside limits          1   first: line 62, '2060'\n",
        "",
    )


def test_check_of_several_files(run: Run, cars: Path, tmp_path: Path) -> None:
    other = tmp_path / "more.csv"
    other.write_text(CARS.replace(",", "|").replace("Ford", "Škoda") + "Škoda|Fabia\n", encoding="cp1250")
    code, out, err = run("market", "check", cars, other, "--market", "demo")
    assert (code, err) == (0, f"Note: {other}: Read as windows-1252\n")
    assert out == (
        f"{cars} {other} as market demo\n"
        f"  {other}: Read as windows-1252\n"
        "  rows read             121\n"
        "  rows kept             120\n"
        "  rows dropped            1\n"
        f"    too few fields          1   first: {other} line 62, 'Škoda|Fabia'\n"
    )
    assert run("market", "check", tmp_path, "--market", "demo", "--encoding", "cp1250", "--strict") == (
        1,
        "",
        f"Note: {cars}: Read as cp1250\nNote: {other}: Read as cp1250\n"
        f"Error: {other}: line 62: should have 8 fields, has 2: 'Škoda|Fabia'\n"
        "Correct it, or leave --strict out: such rows are dropped.\n",
    )


def test_check_of_standard_input(root: Path, cars: Path) -> None:
    environment = {"PYTHONPATH": str(root / "src"), "CARPRICE_MARKETS_DIR": str(root / "markets")}
    argv = [sys.executable, "-m", "carprice", "market", "check", "-", "--market", "demo"]
    done = subprocess.run(argv, input=cars.read_bytes(), capture_output=True, check=True, env=environment)
    assert done.stdout.decode().splitlines()[1] == "  rows read              60"


def test_check_as_json(run: Run, cars: Path) -> None:
    code, out, _ = run("market", "check", cars, "--market", "demo", "--json")
    assert code == 0
    assert json.loads(out) == {
        "schema": 1,
        "kind": "cleaning",
        "data": {
            "market": "demo",
            "source": str(cars),
            "counted": "line",
            "rows_read": 60,
            "rows_kept": 60,
            "dropped": {},
            "marked": {},
            "fixed": {},
            "notes": [],
            "findings": [],
        },
    }


def test_check_of_a_missing_file(run: Run, tmp_path: Path) -> None:
    assert run("market", "check", tmp_path / "no.csv", "--market", "demo") == (
        1,
        "",
        f"Error: {tmp_path / 'no.csv'}: no such file\n"
        "Save the listings as CSV (comma, semicolon, tab or |), .xlsx, JSON, JSON lines or Parquet; "
        ".gz, .zip and .tar.gz are unpacked.\n",
    )


NOT_SURE = (
    "Not sure: which currency is it? Say it with --currency\n"
    "Not sure: distances in km are only a guess: say it with --distance\n"
)


def test_init_to_stdout_and_to_a_file(run: Run, cars: Path, tmp_path: Path) -> None:
    code, text, err = run("market", "init", cars)
    assert (code, err) == (0, NOT_SURE)
    assert text.startswith('# Drafted from "cars.csv", 60 rows.')
    output = tmp_path / "mine.toml"
    said = f"Wrote {output}\nLook it through, then: ./carprice market check {cars} --market {output}\n"
    given = ("--currency", "eur", "--distance", "km")
    assert run("market", "init", cars, "--output", output, *given) == (0, "", said)
    assert 'name = "mine"\ntitle = "Used cars of mine"\ncurrency = "EUR"  # as it was said' in output.read_text()
    assert run("market", "check", cars, "--market", output)[0] == 0


def test_init_asks_what_the_file_leaves_open(cars: Path) -> None:
    done = CliRunner().invoke(cli, ["market", "init", str(cars), "--ask"], input="EUR\nmi\n")
    assert done.exit_code == 0
    assert 'currency = "EUR"  # as it was said\ndistance_unit = "mi"  # as it was said' in done.stdout
    assert "The currency of the prices (which currency is it? Say it with --currency) [XXX]:" in done.stderr


def test_a_market_without_a_currency_is_not_learnt_from(run: Run, cars: Path, tmp_path: Path) -> None:
    output = tmp_path / "mine.toml"
    run("market", "init", cars, "--output", output)
    assert run("train", "--data", cars, "--market", output) == (
        1,
        "",
        f"Reading {cars} ...\n"
        "Error: Market mine: the currency of its prices is not known (currency = 'XXX')\n"
        "Write its three letters into the market file, such as EUR, or draft it again: "
        "./carprice market init LISTINGS --currency EUR\n",
    )


def test_init_never_overwrites_unless_forced(run: Run, cars: Path, tmp_path: Path) -> None:
    output = tmp_path / "mine.toml"
    output.write_text("precious")
    assert run("market", "init", cars, "--output", output) == (
        1,
        "",
        f"Error: {output}: exists already\nOverwrite it with --force.\n",
    )
    assert output.read_text() == "precious"
    assert run("market", "init", cars, "--output", output, "--force")[0] == 0
    assert output.read_text().startswith("# Drafted from")


def test_init_with_the_price_named(run: Run, cars: Path) -> None:
    assert '[price]\ncolumn = "mileage"' in run("market", "init", cars, "--price", "mileage")[1]


def test_figures(run: Run, cars: Path) -> None:
    code, text, _ = run("market", "figures", cars, "--market", "demo")
    assert code == 0
    assert text.splitlines()[0] == (
        "# Figures per version of a car, measured from 60 listings of 2018 "
        "(Simulated used cars in the United Kingdom); these are not listings."
    )
    assert text.splitlines()[4].startswith("Ford,Focus,Manual,Petrol,1.0,1.0,")
    assert len(text.splitlines()) == 5


def test_demo(run: Run, tmp_path: Path) -> None:
    code, text, err = run("demo", "--rows", "20", "--seed", "3")
    assert (code, err, len(text.splitlines())) == (0, "", 21)
    assert text.startswith("make,model,year,price,transmission,mileage,fuel,engine_size\n")
    output = tmp_path / "demo.csv"
    assert run("demo", "--rows", "20", "--seed", "3", "--output", output) == (
        0,
        "",
        f"Wrote 20 simulated listings to {output}\n",
    )
    assert output.read_text() == text
    assert run("demo", "--output", output)[0] == 1


def test_demo_stops_when_its_reader_does(root: Path) -> None:
    command = f"PYTHONPATH={root / 'src'} {sys.executable} -m carprice demo --rows 200000 | head -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("make,model,year,price,transmission,mileage,fuel,engine_size\n", "")
