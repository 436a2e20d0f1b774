"""A model that was in few of the training listings is said to be so everywhere."""

from pathlib import Path
from typing import Any

import pytest
from tests.model.cars import UK_CAR, change
from tests.model.every_way import warn_every_way

from carprice.model.bundle.contents import read_bundle
from carprice.model.bundle.manifest import find_bundle
from carprice.model.pricer import Pricer

DETAIL = "was in only 2 of the training listings: its price is less sure than most"


def make_rare(folder: Path, has_table: bool) -> Pricer:
    """A pricer that has learnt from two Ford Fiestas. has_table: for the range of such models."""
    bundle = read_bundle(find_bundle(folder))
    key = [bundle.encoders[name].index(value) for name, value in (("make", "Ford"), ("model", "Fiesta"))]
    for line in bundle.model["depreciation"]["lines"]:
        if line[:2] == key:
            line[2] = 2
    wide = [2 * value for value in bundle.model["range"]["quantiles"][0]]
    bundle.model["range"] = {**bundle.model["range"], "few": wide if has_table else []}
    return Pricer(bundle)


@pytest.fixture(scope="module", params=[True, False], ids=["own-table", "no-table"])
def rare_fiestas(small_bundle: Path, request: pytest.FixtureRequest) -> Pricer:
    return make_rare(small_bundle, request.param)


def test_its_answer_says_so(rare_fiestas: Pricer) -> None:
    found = rare_fiestas.price(UK_CAR)
    [warning] = found.warnings
    assert (warning.code, warning.field, warning.detail) == ("few_like", "model", DETAIL)
    assert rare_fiestas.price(change(UK_CAR, model="Focus")).warnings == ()


def test_its_range_promises_what_was_measured(small_bundle: Path) -> None:
    measured, unmeasured = (make_rare(small_bundle, has_table).price(UK_CAR) for has_table in (True, False))
    assert measured.coverage == 0.9
    assert (unmeasured.coverage, unmeasured.confidence) == (None, "low")


def test_a_guess_at_it_has_one_warning(rare_fiestas: Pricer) -> None:
    [warning] = rare_fiestas.price(change(UK_CAR, model="Fiestaa")).warnings
    assert warning.code == "unknown_category"


@pytest.fixture
def cars() -> list[dict[str, Any]]:
    named = (("Ford", "Fiesta"), ("ford", "FIESTA"), ("Ford", "Fiestaa"), ("Ford", "Focus"), ("Skoda", "Fiesta"))
    return [change(UK_CAR, make=make, model=model, year=year) for make, model in named for year in (1981, 2017)]


def test_every_way_says_the_same(rare_fiestas: Pricer, cars: list[dict[str, Any]], tmp_path: Path) -> None:
    codes = warn_every_way(rare_fiestas, cars, tmp_path)
    assert {"few_like:model", "few_like:model; outside_training_range:year", None} < set(codes)
