"""Which values were seen together, as the training listings have them."""

from pathlib import Path

import pytest
from tests.bundles import CARS, invent_uk_listings

from carprice.market.market_file import load_market
from carprice.model.bundle.manifest import find_bundle
from carprice.model.evidence.comparables import load_finder
from carprice.model.evidence.seen_together import SeenTogether
from carprice.model.pricer import Pricer, load_pricer


@pytest.fixture(scope="module")
def pricer(small_bundle: Path) -> Pricer:
    return load_pricer(find_bundle(small_bundle))


@pytest.fixture(scope="module")
def seen(small_bundle: Path, pricer: Pricer) -> SeenTogether:
    return SeenTogether(pricer, load_finder(find_bundle(small_bundle), pricer))


def test_models_are_those_of_the_make(seen: SeenTogether) -> None:
    assert seen.list_next(()) == sorted({make for make, _, _ in CARS})
    for make in seen.list_next(()):
        assert seen.list_next((make,)) == sorted(model for each, model, _ in CARS if each == make)
    assert seen.list_next(("Lada",)) == []


def test_names_are_spelled_as_learnt(seen: SeenTogether) -> None:
    assert seen.spell({"make": " ford", "model": "FIESTA"}) == ("Ford", "Fiesta")
    assert seen.spell({"make": "Ford", "model": "Octavia"}) == ("Ford",)
    assert seen.spell({"model": "Fiesta"}) == ()


def test_years_and_fuels_are_those_of_the_model(seen: SeenTogether, markets_dir: Path) -> None:
    frame = invent_uk_listings(load_market("uk", markets_dir))
    own = frame.filter(make="Ford", model="Fiesta")
    found = seen.list_seen(("Ford", "Fiesta"))
    assert found["year"] == sorted(set(own["year"]))
    assert found["fuel"] == sorted(set(own["fuel"]))
    assert "mileage" not in found
    assert "make" not in found
    assert seen.list_seen(("Ford",)) == {}


def test_without_listings_nothing_is_known_of_them(pricer: Pricer) -> None:
    assert SeenTogether(pricer, None).list_seen(("Ford", "Fiesta")) == {}


def test_a_market_without_makes_and_models_has_none(dated_bundle: Path) -> None:
    pricer = load_pricer(find_bundle(dated_bundle))
    seen = SeenTogether(pricer, None)
    assert seen.find_usual(()) is None
    assert set(seen.keys) <= {"make", "model"}
