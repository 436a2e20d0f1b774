"""Scoring in parts: the same file as in one go, and after a kill the same command goes on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner, Result

from carprice.cli.main import cli
from carprice.engine.start import open_engine
from carprice.listings.listings_files import ListingsFiles
from carprice.model.bundle.manifest import find_bundle
from carprice.model.pricer import load_pricer
from carprice.scoring import parts as module
from carprice.scoring.parts import Scoring, score_parts
from carprice.system.processes import wait_for_ends
from carprice.system.waiting import wait_for

HEAD = "make,model,year,price,transmission,mileage,fuelType,tax,mpg,engineSize\n"
CARS = (
    "Ford,Fiesta,{year},9{rest:03},Manual,{mileage},Petrol,125,65.7,1.0",
    "Audi,A3,{year},1{rest:04},Automatic,{mileage},Diesel,145,,2.0",
    "Nobody,Knows,{year},5{rest:03},Manual,{mileage},Petrol,30,55.4,1.4",
    "=Ford,Focus,{year},7{rest:03},Manual,many,Petrol,20,60,1.5",
)
ROWS = 2_500
SECONDS = 60


@pytest.fixture(autouse=True)
def settings(small_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARPRICE_ARTIFACTS_DIR", str(small_bundle))


@pytest.fixture(autouse=True)
def short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH_ROWS", 300)


@pytest.fixture
def listings(tmp_path: Path) -> Path:
    folder = tmp_path / "listings"
    folder.mkdir()
    for name, first in (("a.csv", 0), ("b.csv", 1_300)):
        rows = (write_row(number) for number in range(first, ROWS if first else 1_300))
        (folder / name).write_text(HEAD + "\n".join(rows) + "\n")
    return folder


def write_row(number: int) -> str:
    text = CARS[number % len(CARS)]
    return text.format(year=2005 + number % 15, rest=number % 1_000, mileage=number * 37 % 90_000)


def run_score(*argv: object) -> Result:
    return CliRunner().invoke(cli, ["score", *map(str, argv)], catch_exceptions=False)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("options", [(), ("--asking", "price", "--safe")])
def test_the_file_is_the_same_as_in_one_go(listings, tmp_path, suffix, options):
    at_once, in_parts = tmp_path / f"one.{suffix}", tmp_path / f"parts.{suffix}"
    first = run_score(listings, "--output", at_once, *options)
    second = run_score(listings, "--output", in_parts, "--workers", "1", *options)
    assert (first.exit_code, second.exit_code) == (0, 0), second.output
    assert read(at_once) == read(in_parts)
    assert "Score part: 9 of 9 parts, " in second.stderr
    said = [result.stderr.splitlines()[-2:] for result in (first, second)]
    assert said[0][-1] == said[1][-1]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["listings", at_once.name, in_parts.name])


def read(path: Path) -> object:
    import polars as pl

    return path.read_bytes() if path.suffix == ".csv" else pl.read_parquet(path).to_dict(as_series=False)


def test_what_is_said_of_the_prices_is_the_same(listings, tmp_path):
    first = run_score(listings, "--output", tmp_path / "one.csv")
    second = run_score(listings, "--output", tmp_path / "two.csv", "--workers", "2")
    assert "Against column 'price'" in first.stderr
    said = [line.replace("two.csv", "one.csv") for line in second.stderr.splitlines()]
    assert [line for line in first.stderr.splitlines() if "Read" not in line] == [
        line for line in said if " parts, " not in line
    ]


def test_what_is_there_is_not_scored_again(listings, small_bundle, tmp_path, monkeypatch):
    files, folder, output = ListingsFiles([listings]), find_bundle(small_bundle), tmp_path / "prices.csv"
    arguments = files, folder, load_pricer(folder), Scoring()
    with monkeypatch.context() as patch, open_engine(workers=1) as engine:
        patch.setattr(module, "join_parts", run_score)
        with pytest.raises(TypeError):
            score_parts(*arguments, engine, output)
    assert (engine.made, engine.found) == (9, 0)
    with open_engine(workers=1) as engine:
        score_parts(*arguments, engine, output)
    assert (engine.made, engine.found) == (1, 9)


def test_options_of_parts_need_a_file_to_write(listings):
    result = run_score(listings, "--workers", "2")
    assert result.exit_code == 2
    assert "--engine and --workers price LISTINGS in parts: name files, and --output FILE." in result.stderr


def test_an_output_that_is_there_is_refused_before_the_work(listings, tmp_path):
    output = tmp_path / "prices.csv"
    output.write_text("mine")
    result = CliRunner().invoke(cli, ["score", str(listings), "--output", str(output), "--workers", "1"])
    assert str(result.exception) == f"{output}: exists already\nOverwrite it with --force."
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".work")] == []


@pytest.mark.slow
@pytest.mark.parametrize(("step", "least"), [("read_batches-*/*", 1), ("score_part-*", 3)])
def test_after_kill_9_the_same_command_goes_on(listings, tmp_path, root, step, least):
    output, work = tmp_path / "prices.csv", tmp_path / "prices.csv.work"
    code = "from carprice.scoring import parts; parts.BATCH_ROWS = 50; import carprice.__main__ as it; it.run()"
    argv = [sys.executable, "-c", code, "score", str(listings), "--output", str(output), "--workers", "2"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root / "src"), str(root)])}
    with subprocess.Popen(argv, env=environment, stderr=subprocess.DEVNULL) as process:
        assert wait_for(lambda: len(list(work.glob(step))) >= least, SECONDS)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
    assert wait_for_ends(children, SECONDS) == []
    assert not output.exists()
    kept = len(list(work.glob("score_part-*")))
    assert kept < 50
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    assert f"Score part: 50 of 50 parts{f', {kept} kept' if kept else ''}, " in done.stderr
    run_score(listings, "--output", tmp_path / "one.csv")
    assert output.read_bytes() == (tmp_path / "one.csv").read_bytes()
    assert not work.exists()
