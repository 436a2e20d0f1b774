"""Shadow replay: the sample, the figures of the shift, and its limits."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.ops.world import World

from carprice.names import API
from carprice.ops.docker.containers import list_containers
from carprice.ops.limits import Limits
from carprice.ops.rollout.gates import GateError
from carprice.ops.rollout.shadow import Shift, check_shift, measure_shift
from carprice.recent_requests import read_sample
from carprice.system.http import Address, Reply

MAKES = ("Audi", "BMW", "Ford", "Ford")


def write_sample(folder: Path, name: str, *lines: Any) -> None:
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    (folder / name).write_text(text)


def test_the_most_recent_listings_are_read(tmp_path: Path) -> None:
    write_sample(tmp_path, "requests.jsonl.1", *({"listing": {"n": number}} for number in range(3)))
    write_sample(tmp_path, "requests.jsonl", {"listing": {"n": 3}}, "torn {", {"no": 1}, {"listing": 5}, "[1]")
    assert read_sample(tmp_path, 2) == [{"n": 2}, {"n": 3}]
    assert len(read_sample(tmp_path, 100)) == 4
    assert read_sample(tmp_path, 0) == []


def test_no_sample_is_empty(tmp_path: Path) -> None:
    assert read_sample(tmp_path / "logs", 100) == []


def test_what_a_container_puts_in_the_place_of_the_sample_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text('{"listing": {"n": 1}}')
    (tmp_path / "requests.jsonl.1").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "requests.jsonl")
    assert read_sample(tmp_path, 100) == []
    (tmp_path / "requests.jsonl").unlink()
    write_sample(tmp_path, "requests.jsonl", "[" * 100_000, {"listing": {"n": 2}})
    assert read_sample(tmp_path, 100) == [{"n": 2}]


def test_the_table_has_no_control_characters() -> None:
    shift = Shift(1, 1, 0.0, 0.0, {"Au\x1b[31mdi\u202e": (1, 0.0)})
    assert r"Au\x1b[31mdi\u202e" in shift.table()


@pytest.fixture
def replica(world: World) -> Address:
    return list_containers(world.context().runner, API)[0].address


def price_with(monkeypatch: pytest.MonkeyPatch, *batches: list[float | None], status: int = 200) -> None:
    """Let the replicas answer these batches one after another."""
    answers = iter(batches)

    def ask(*_: Any) -> Reply:
        results = [{"price": price} if price else {"status": 422} for price in next(answers)]
        return Reply(status, {}, json.dumps({"results": results}).encode(), 0.0)

    monkeypatch.setattr(Address, "ask", ask)


def test_the_figures_of_a_shift(monkeypatch: pytest.MonkeyPatch, replica: Address) -> None:
    listings = [{"make": make} for make in MAKES]
    price_with(monkeypatch, [100, 200, 100, 100], [110, 180, 100, 140])
    shift = measure_shift(replica, replica, listings)
    assert (shift.listings, shift.compared) == (4, 4)
    assert shift.median == pytest.approx(0.1)
    assert shift.p95 == pytest.approx(0.4)
    assert {make: count for make, (count, _) in shift.by_make.items()} == {"Audi": 1, "BMW": 1, "Ford": 2}
    assert shift.table().splitlines() == [
        "  make  listings  median shift",
        "  all          4         10.0%",
        "  Ford         2        +20.0%",
        "  Audi         1        +10.0%",
        "  BMW          1        -10.0%",
    ]


def test_what_one_of_both_refuses_is_left_out(monkeypatch: pytest.MonkeyPatch, replica: Address) -> None:
    price_with(monkeypatch, [100, None, 100], [100, 100, None])
    shift = measure_shift(replica, replica, [{}, {}, {}])
    assert (shift.listings, shift.compared, shift.median) == (3, 1, 0.0)
    assert list(shift.by_make) == ["not known"]


def test_an_answer_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, replica: Address) -> None:
    price_with(monkeypatch, [100], status=500)
    with pytest.raises(GateError, match=r"Gate shadow: car-price-car-price-api-1: the replay should answer 200"):
        measure_shift(replica, replica, [{}])


@pytest.mark.parametrize(
    ("median", "p95", "compared", "told"),
    [
        (0.10, 0.35, 100, ""),
        (0.101, 0.2, 100, "median price shift is 10.1%, the limit 10.0%"),
        (0.05, 0.36, 100, "p95 price shift is 36.0%, the limit 35.0%"),
        (0.0, 0.0, 49, "only 49 of 100 listings are priced by both: another market's model?"),
    ],
)
def test_the_limits_of_a_shift(median: float, p95: float, compared: int, told: str) -> None:
    shift = Shift(100, compared, median, p95, {})
    if not told:
        check_shift(shift, Limits())
        return
    with pytest.raises(GateError) as error:
        check_shift(shift, Limits())
    assert error.value.what == f"Gate shadow: {told}"
    assert error.value.hint == "Look at the table; to accept it: ./carprice rollout --accept-price-shift"
