import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from carprice.cli.main import main

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
            "findings": [],
        },
    }


def test_check_of_a_missing_file(run: Run, tmp_path: Path) -> None:
    assert run("market", "check", tmp_path / "no.csv", "--market", "demo") == (
        1,
        "",
        f"Error: {tmp_path / 'no.csv'}: no such file\n"
        "Save the listings as CSV in UTF-8 (comma, semicolon or tab), gzipped CSV, or Parquet.\n",
    )


def test_init_to_stdout_and_to_a_file(run: Run, cars: Path, tmp_path: Path) -> None:
    code, text, err = run("market", "init", cars)
    assert (code, err) == (0, "")
    assert text.startswith('# Drafted from "cars.csv", 60 rows.')
    output = tmp_path / "mine.toml"
    assert run("market", "init", cars, "--output", output) == (
        0,
        "",
        f"Wrote {output}\nLook it through, then: ./carprice market check {cars} --market {output}\n",
    )
    assert output.read_text() == text
    assert run("market", "check", cars, "--market", output)[0] == 0


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
