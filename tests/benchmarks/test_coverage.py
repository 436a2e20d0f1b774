"""The benchmark of coverage names what missed its limit."""

import argparse
import importlib
import sys
from pathlib import Path

import pytest


@pytest.fixture
def coverage(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(root / "benchmarks"))
    for name in ("coverage", "judging", "table"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module("coverage")


def test_a_table_of_what_is_held(coverage) -> None:
    def item(name: str, rows: int, held: float, **more: object) -> dict[str, object]:
        return {"name": name, "rows": rows, "coverage": held, **more}

    report = {
        "title": "Cars",
        "rows": 1000,
        "overall": item("", 1000, 0.92, width=0.25),
        "segments": {"make": [item("Ford", 500, 0.9), item("Audi", 300, 0.85), item("Lada", 150, 0.1)]},
        "left_out": [item("nothing", 1000, 0.9, fields=[]), item("mpg", 1000, 0.885, fields=["mpg"])],
    }
    head, _, table = coverage.describe_coverage(report)
    assert head == "Cars: 1,000 listings judged, median width 25.0% of the price."
    assert [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]] == [
        ["all", "1,000", "92.0%", "89% to 91%", "missed"],
        ["least of 2 by make: Audi", "300", "85.0%", "at least 86%", "missed"],
        ["without mpg", "1,000", "88.5%", "88% to 92%", "kept"],
    ]


def test_only_markets_with_listings_are_measured(coverage, tmp_path: Path) -> None:
    judging = sys.modules["judging"]
    assert all(path.exists() for path in judging.MARKETS.values())
    parser = argparse.ArgumentParser()
    judging.add_options(parser)
    assert list(judging.load_splits(parser.parse_args(["--listings", str(tmp_path)]))) == []
