"""carprice report: of the training, of later listings, as text, JSON and a page, and what it refuses."""

import json
import shutil
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from tests.bundles import grow_bundle, invent_uk_listings

from carprice.cli.main import main
from carprice.evaluation.report import build_report
from carprice.evaluation.text import format_report
from carprice.market.market_file import dump_market, load_market, parse_market
from carprice.model.bundle.manifest import champion_version, read_manifest, write_manifest
from carprice.model.pricer import load_pricer

Run = Callable[..., tuple[int, str, str]]

LEARNT_TO = date(2020, 6, 30)


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, artifacts: Path) -> Run:
    """Run the command line in this process: exit code, stdout, stderr."""
    monkeypatch.setenv("CARPRICE_ARTIFACTS_DIR", str(artifacts))

    def run_command(*argv: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["carprice", *map(str, argv)])
        code = main()
        output = capfd.readouterr()
        return code, output.out, output.err

    return run_command


@pytest.fixture
def artifacts(small_bundle: Path, tmp_path: Path) -> Path:
    """A copy whose champion has a report."""
    folder = Path(shutil.copytree(small_bundle, tmp_path / "artifacts"))
    version = champion_version(folder) or ""
    pricer = load_pricer(folder / version)
    report = build_report(invent_uk_listings(pricer.market, 400, seed=9), pricer)
    write_manifest(folder / version, read_manifest(folder / version) | {"report": report})
    return folder


@pytest.fixture
def version(artifacts: Path) -> str:
    return champion_version(artifacts) or ""


@pytest.fixture
def later(tmp_path: Path, markets_dir: Path) -> Path:
    """A file of listings of the market uk."""
    return write_listings(tmp_path / "later.csv", markets_dir)


def write_listings(path: Path, markets_dir: Path, days: list[str] | None = None) -> Path:
    market = load_market("uk", markets_dir)
    frame = invent_uk_listings(market, 300, seed=11).unique(maintain_order=True)
    frame = frame.rename({feature.name: feature.column for feature in market.features})
    frame = frame.with_columns(pl.col("year").cast(pl.Int64))
    if days:
        frame = frame.with_columns(pl.Series("seen", [days[row % len(days)] for row in range(frame.height)]))
    frame.write_csv(path)
    return path


def test_the_report_of_the_training(run: Run, artifacts: Path, version: str) -> None:
    report = read_manifest(artifacts / version)["report"]
    assert run("report", version) == (0, format_report(report) + "\n", "")
    assert run("report")[1] == format_report(report) + "\n", "of the champion"
    answer = json.loads(run("report", version, "--json")[1])
    assert answer == {"schema": 1, "kind": "report", "data": report}


def test_a_page_is_written_too(run: Run, version: str, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    code, out, err = run("report", version, "--html", page)
    assert (code, err) == (0, f"Wrote {page}\n")
    assert out.startswith("Used cars in the United Kingdom: judged by 400 listings that it has not learnt from\n")
    assert f"<title>Valuation report of {version}</title>" in page.read_text()
    assert run("report", version, "--html", page)[::2] == (
        1,
        f"Error: {page}: exists already\nOverwrite it with --force.\n",
    )
    assert run("report", version, "--html", page, "--force", "--json")[0] == 0


def test_later_listings_without_a_day(run: Run, version: str, later: Path) -> None:
    code, out, _ = run("report", version, "--data", later)
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "Used cars in the United Kingdom: judged by 300 listings of later.csv"
    assert lines[2] == (
        "Note: Whether the model has learnt from some of these listings is not known: they have no day."
    )
    data = json.loads(run("report", version, "--data", later, "--json")[1])["data"]
    assert data["later"] == {
        "source": "later.csv",
        "left_aside": 0,
        "first": None,
        "last": None,
        "from_days": None,
        "to_days": None,
    }


@pytest.fixture
def dated(tmp_path: Path, markets_dir: Path) -> tuple[Path, str]:
    """An artifacts folder with a model of listings with a day, learnt to LEARNT_TO, and its version."""
    market = load_market("uk", markets_dir)
    market = parse_market({**dump_market(market), "listing": {"seen": "seen"}}, "dated uk")
    folder = tmp_path / "dated"
    last = float((LEARNT_TO - date(1970, 1, 1)).days)
    frame = invent_uk_listings(market).with_columns(pl.lit(last).alias("@day"))
    return folder, grow_bundle(folder, frame, market)


def test_only_later_listings_judge(
    run: Run, dated: tuple[Path, str], tmp_path: Path, markets_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, version = dated
    monkeypatch.setenv("CARPRICE_ARTIFACTS_DIR", str(folder))
    if load_pricer(folder / version).as_of != LEARNT_TO:
        pytest.fail("the bundle should know its last day")
    days = [(LEARNT_TO + timedelta(days=number)).isoformat() for number in (-1, 0, 1, 10)]
    path = write_listings(tmp_path / "some.csv", markets_dir, [*days, ""])
    data = json.loads(run("report", version, "--data", path, "--json")[1])["data"]
    assert data["rows"] == 120
    assert data["later"] == {
        "source": "some.csv",
        "left_aside": 180,
        "first": "2020-07-01",
        "last": "2020-07-10",
        "from_days": 1,
        "to_days": 10,
    }
    assert [item["name"] for item in data["segments"]["days"]] == ["0-7", "8-30"]
    out = run("report", version, "--data", path)[1]
    assert out.splitlines()[0] == (
        "Used cars in the United Kingdom: judged by 120 listings of some.csv; the model learnt up to 2020-06-30, "
        "1 to 10 days after it"
    )
    old = write_listings(tmp_path / "old.csv", markets_dir, days[:1])
    code, out, err = run("report", version, "--data", old)
    assert (code, out) == (1, "")
    assert f"{old}: none of its 300 listings is later than 2020-06-30, the last day that {version} has" in err


def test_what_it_refuses(run: Run, version: str, artifacts: Path, later: Path, tmp_path: Path) -> None:
    manifest = read_manifest(artifacts / version)
    write_manifest(artifacts / version, {key: item for key, item in manifest.items() if key != "report"})
    assert run("report", version) == (
        1,
        "",
        f"Error: {version} has no valuation report: it was trained before there was one\n"
        f"Judge it by listings that it has not learnt from: ./carprice report {version} --data LISTINGS\n",
    )
    code, _, err = run("report", version, "--data", tmp_path / "none.csv")
    assert code == 1
    assert "none.csv" in err
    code, _, err = run("report", "20990101T000000Z")
    assert (code, "has no bundle 20990101T000000Z" in err) == (1, True)


def test_the_listings_of_the_training_judge_nothing(
    run: Run, version: str, artifacts: Path, later: Path, markets_dir: Path
) -> None:
    from carprice.listings.cleaning import load_listings

    manifest = read_manifest(artifacts / version)
    learnt = load_listings(later, load_market("uk", markets_dir)).fingerprint
    write_manifest(artifacts / version, {**manifest, "data": {**manifest["data"], "fingerprint": learnt}})
    code, _, err = run("report", version, "--data", later)
    assert (code, err) == (
        1,
        f"Read 300 rows ...\nError: {later}: holds the very listings that {version} was trained with\n"
        f"See how it was judged by others: ./carprice report {version}\n",
    )


@pytest.mark.parametrize("workers", ["1", "2"])
def test_in_parts_the_report_is_the_same(
    run: Run, later: Path, workers: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARPRICE_VAR_DIR", str(tmp_path / "var"))
    monkeypatch.setattr("carprice.frames.parts.PART_ROWS", 70)
    _, at_once, _ = run("report", "--json", "--data", later)
    code, in_parts, said = run("report", "--json", "--data", later, "--workers", workers)
    assert code == 0
    assert json.loads(in_parts) == json.loads(at_once)
    assert "Price part: 5 of 5 parts, " in said
    assert list((tmp_path / "var" / "work").iterdir()) == []


def test_parts_are_of_later_listings(run: Run) -> None:
    code, _, said = run("report", "--workers", "2")
    assert code == 2
    assert "--engine and --workers price the listings of --data in parts: name them." in said
