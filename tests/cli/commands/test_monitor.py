"""carprice monitor: its lines, exit codes, JSON and page, over a tiny bundle; a listings file too."""

import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.cli.tiny import write_tiny

from carprice.cli.commands.models import monitor as module
from carprice.cli.main import main

Run = Callable[..., tuple[int, str, str]]
CAR = {"make": "Ford", "year": 2020, "mileage": 50_000}
REPORT = {"overall": {"median_ape": 0.05}, "segments": {"confidence": [{"name": "high", "rows": 9}]}}
AGEING = [{"days": "0-7", "median_ape": 0.05, "seen": True}]
SHARES = {"make": [0.4, 0.6, 0, 0], "year": [1, 0], "mileage": [1, 0], "leather": [0, 1]}


def describe_inputs() -> dict[str, Any]:
    features: dict[str, Any] = {name: {"shares": shares} for name, shares in SHARES.items()}
    features["make"]["values"] = ["Audi", "Ford"]
    return {"rows": 10_000, "features": features}


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    write_tiny(tmp_path / "artifacts", report=REPORT, ageing=AGEING, inputs=describe_inputs())
    return tmp_path / "artifacts"


@pytest.fixture
def run(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, artifacts: Path
) -> Run:
    """Run a command in this process: exit code, stdout, stderr."""
    for name in ("artifacts", "var", "logs"):
        monkeypatch.setenv(f"CARPRICE_{name.upper()}_DIR", str(tmp_path / name))

    def run_command(*argv: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["carprice", *map(str, argv)])
        try:
            code = main()
        except SystemExit as error:
            code = int(str(error.code))
        output = capfd.readouterr()
        return code, output.out, output.err

    return run_command


def write_past(folder: Path, rows: int, factor: float) -> None:
    """Feedback, requests and a log of rows cars, four in ten of them Audis."""
    cars = [{**CAR, "make": "Audi" if number % 10 < 4 else "Ford", "mileage": number} for number in range(rows)]
    day = date.today().isoformat()
    sold = [{"listing": car, "price": (9000 + number) * factor, "kind": "sold"} for number, car in enumerate(cars)]
    (folder / "sold.jsonl").write_text("".join(f"{json.dumps({**row, 'day': day})}\n" for row in sold))
    (folder / "logs").mkdir()
    answer = {"price": 1, "low": 1, "high": 1}
    samples = [
        {"request_id": str(number), "model_version": "v", "listing": car, "answer": answer}
        for number, car in enumerate(cars)
    ]
    (folder / "logs" / "requests.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in samples))
    line = json.dumps({"method": "POST", "path": "/predict/price", "status": 200})
    (folder / "logs" / "api.jsonl").write_text(f"{line}\n" * rows)


def test_without_anything_nothing_is_known(run: Run) -> None:
    code, text, _ = run("monitor")
    assert code == 4
    head, table, model, *unknown = text.splitlines()
    assert head.startswith("Nothing is wrong as far as is known, but not all is known: ")
    assert table.split() == ["STATE", "WHAT", "OF", "IS", "LIMIT", "BY"]
    assert model.split()[:3] == ["ok", "model_days", "all"]
    assert (
        "not known: coverage of all: 0 prices of the last 30 days have an answer, 30 are needed; "
        "./carprice feedback FILE" in unknown
    )
    assert "not known: refused of requests: requests in the log: 0, needed: 100" in unknown


def test_prices_that_fell_are_to_be_acted_on(run: Run, tmp_path: Path) -> None:
    write_past(tmp_path, 400, 0.5)
    assert run("feedback", tmp_path / "sold.jsonl")[0] == 0
    code, text, _ = run("monitor")
    assert (code, text.partition(":")[0]) == (3, "Something should be done")
    rows = [line for line in text.splitlines() if line.startswith("act ")]
    assert {row.split()[1] for row in rows} == {"median_error", "median_ratio", "coverage"}
    assert text.splitlines()[-2:] == ["Next:", "  ./carprice refresh LISTINGS --market tiny"]


def test_json_and_the_page_have_every_line(run: Run, tmp_path: Path) -> None:
    write_past(tmp_path, 400, 0.5)
    run("feedback", tmp_path / "sold.jsonl")
    code, text, said = run("monitor", "--json", "--html", tmp_path / "page.html")
    assert (code, said) == (3, f"Wrote {tmp_path / 'page.html'}\n")
    found = json.loads(text)
    assert (found["kind"], found["data"]["state"]) == ("monitor", "act")
    lines = {(line["measure"], line["kind"], line["name"]): line for line in found["data"]["lines"]}
    assert lines["drift", "requests", "make"]["state"] == "ok"
    assert lines["median_ratio", "all", "all"]["rows"] == 400
    page = (tmp_path / "page.html").read_text()
    assert page.count("<tr>") == len(lines) + 1
    assert '<td class="act">act</td><td>median_error</td>' in page
    assert run("monitor", "--html", tmp_path / "page.html")[0] == 1


def test_a_listings_file_is_measured_too(run: Run, tmp_path: Path) -> None:
    makes = ("Lada", "Ford")
    rows = [f"{makes[number % 2]},{2010 + number % 9},{number},yes,{5000 + number}" for number in range(9, 409)]
    (tmp_path / "new.csv").write_text("\n".join(["make,year,mileage,leather,price", *rows]))
    code, text, _ = run("monitor", "--json", "--data", tmp_path / "new.csv")
    lines = [line for line in json.loads(text)["data"]["lines"] if line["kind"] == "listings"]
    found = {(line["measure"], line["name"]): line for line in lines}
    assert code == 3
    assert found["unknown", "all"]["value"] == pytest.approx(0.5, abs=0.01)
    assert found["drift", "leather"]["evidence"].endswith(" listings of new.csv: given 100%, in training 0%")
    assert found["drift", "make"]["state"] == "act"
    assert found["drift", "year"]["state"] == "ok"


def test_it_is_shown_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []

    def stop(seconds: float) -> None:
        shown.append(seconds)
        if len(shown) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(module.time, "sleep", stop)
    code, text, _ = run("monitor", "--watch")
    assert (code, shown, text.count("STATE")) == (130, [60.0, 60.0], 2)
