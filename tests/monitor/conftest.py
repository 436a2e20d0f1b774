"""A pricer over the small uk bundle with what a real training adds to its manifest, and cars that came back."""

import json
import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.bundles import invent_uk_listings

from carprice.feedback.entry import Answer, Feedback, make_id
from carprice.frames.encoding import read_listing
from carprice.market.market_file import load_market
from carprice.model.bundle.manifest import find_bundle
from carprice.model.pricer import Pricer, load_pricer
from carprice.settings import Settings

TODAY = date(2020, 6, 30)
MakeEntries = Callable[..., list[Feedback]]


def describe_test_part() -> dict[str, Any]:
    """Of a report what the monitor reads."""
    segments = {
        "make": [{"name": name, "median_ape": 0.035} for name in ("Ford", "Audi", "BMW")],
        "confidence": [{"name": "high", "rows": 90}, {"name": "low", "rows": 10}],
    }
    return {"overall": {"median_ape": 0.035}, "segments": segments}


@pytest.fixture
def pricer(small_bundle: Path) -> Pricer:
    found = load_pricer(find_bundle(small_bundle))
    found.manifest["report"] = describe_test_part()
    return found


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(logs_dir=tmp_path / "logs", var_dir=tmp_path / "var")


@pytest.fixture(scope="session")
def cars(markets_dir: Path) -> list[dict[str, Any]]:
    """Listings like those that the small bundle learnt from, as JSON."""
    market = load_market("uk", markets_dir)
    return [read_listing(row, market) for row in invent_uk_listings(market, 600, 99).iter_rows(named=True)]


@pytest.fixture
def make_entries(pricer: Pricer, cars: list[dict[str, Any]]) -> MakeEntries:
    """Feedback of some cars, sold for what the model says times a factor, off by a share in the median."""

    def make(
        count: int,
        factor: float = 1.0,
        spread: float = 0.035,
        day: date = TODAY,
        version: str = "",
        kind: Any = "sold",
        make: str = "",
    ) -> list[Feedback]:
        draw = random.Random(count)
        chosen = [car for car in cars if not make or car["make"] == make][:count]
        entries = []
        for number, car in enumerate(chosen):
            said = pricer.price(car)
            price = said.price * factor * draw.uniform(1 - 2 * spread, 1 + 2 * spread)
            answer = Answer(version or pricer.version, said.price, said.low, said.high)
            name = make_id(kind, price, day.isoformat(), f"r{number}", car)
            entries.append(Feedback(name, "", kind, price, day.isoformat(), f"r{number}", car, answer))
        return entries

    return make


def write_samples(logs: Path, cars: list[dict[str, Any]]) -> None:
    """The sample of requests as the service writes it."""
    logs.mkdir(exist_ok=True)
    answer = {"price": 1, "low": 1, "high": 1}
    lines = [
        {"request_id": f"r{number}", "model_version": "v", "listing": car, "answer": answer}
        for number, car in enumerate(cars)
    ]
    (logs / "requests.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def write_log(logs: Path, priced: int, wrong: int) -> None:
    """The log of requests with so many answers."""
    logs.mkdir(exist_ok=True)
    line = {"event": "request", "method": "POST", "path": "/predict/price"}
    lines = [json.dumps({**line, "status": status}) for status in [200] * priced + [422] * wrong + [500]]
    (logs / "api.jsonl").write_text("\n".join(lines))


def days_before(count: int) -> date:
    """A day before TODAY."""
    return TODAY - timedelta(days=count)
