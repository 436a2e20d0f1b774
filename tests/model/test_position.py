"""Where an asking price lies: percentile, per cent to market and word, from the car's own distribution."""

import math
from pathlib import Path

import pytest
from tests.cli.tiny import LIMITS
from tests.model.cars import UK_CAR, change

from carprice.errors import ListingsError
from carprice.model.bundle.manifest import find_bundle
from carprice.model.position import MAX_PERCENT, WORD_LIMITS, WORDS, Position, name_percentile, place_asking
from carprice.model.price_range import PriceRange
from carprice.model.pricer import Pricer, load_pricer


@pytest.fixture(scope="module")
def pricer(small_bundle: Path) -> Pricer:
    return load_pricer(find_bundle(small_bundle))


@pytest.mark.parametrize(
    ("percentile", "word"),
    [
        (0, "great"),
        (10, "great"),
        (10.1, "good"),
        (30, "good"),
        (30.1, "fair"),
        (70, "fair"),
        (70.1, "high"),
        (90, "high"),
        (90.1, "very high"),
        (100, "very high"),
    ],
)
def test_a_word_holds_up_to_its_limit(percentile: float, word: str) -> None:
    assert name_percentile(percentile) == word
    assert len(WORD_LIMITS) == len(WORDS) - 1


def test_the_word_is_that_of_the_percentile_that_is_shown() -> None:
    assert place_asking(9_000, 10_000, 0.10003) == Position(10.0, 90.0, "great")


def test_the_level_of_an_error_is_that_of_the_quantiles() -> None:
    table = PriceRange({"edges": [], "quantiles": [LIMITS], "unseen": 1.0}, has_model=False)
    for level in (0.05, 0.5, 0.95):
        error = LIMITS[round(100 * level) - 1]
        assert table.level(error * 0.5, 0.5, 0) == pytest.approx(level)
    assert (table.level(-1, 0.5, 0), table.level(1, 0.5, 0)) == (0, 1)


def test_the_price_itself_lies_in_the_middle_and_dearer_is_higher(pricer: Pricer) -> None:
    price = pricer.price(UK_CAR).price
    shares = (0.3, 0.9, 0.95, 1, 1.05, 1.1, 3)
    found = [pricer.price({**UK_CAR, "asking_price": price * share}).position for share in shares]
    placed = [position for position in found if isinstance(position, Position)]
    assert [position.percent_to_market for position in placed] == pytest.approx(
        [100 * share for share in shares], abs=0.1
    )
    percentiles = [position.percentile for position in placed]
    assert percentiles == sorted(percentiles)
    assert (percentiles[0], percentiles[-1]) == (0, 100)
    assert 30 < percentiles[3] < 70
    assert (placed[0].word, placed[3].word, placed[-1].word) == ("great", "fair", "very high")


@pytest.mark.parametrize(("asking", "percentile"), [(5e-324, 0), (1.7e308, 100)])
def test_the_least_and_the_largest_number_are_placed(pricer: Pricer, asking: float, percentile: float) -> None:
    position = pricer.price({**UK_CAR, "asking_price": asking}).position
    assert isinstance(position, Position)
    assert position.percentile == percentile
    assert 0 <= position.percent_to_market <= MAX_PERCENT
    assert place_asking(1.7e308, 0.5, 1.0).percent_to_market == MAX_PERCENT


def test_the_ends_of_the_range_are_its_percentiles(pricer: Pricer) -> None:
    found = pricer.golden_valuation(UK_CAR)
    for end, percentile in (("low", 5), ("high", 95)):
        position = pricer.price({**UK_CAR, "asking_price": found[end]}).position
        assert isinstance(position, Position)
        assert position.percentile == pytest.approx(percentile, abs=0.1)


def test_an_asking_price_moves_no_price(pricer: Pricer) -> None:
    asked, plain = pricer.price({**UK_CAR, "asking_price": 1}), pricer.price(UK_CAR)
    assert (asked.price, asked.low, asked.high, asked.warnings) == (
        *(plain.price, plain.low, plain.high),
        plain.warnings,
    )


def test_rows_are_placed_as_one_is(pricer: Pricer) -> None:
    cars = [UK_CAR, change(UK_CAR, make="Frod"), change(UK_CAR, mileage=60_000), change(UK_CAR, model="Focus")]
    askings = [9_000.0, 9_000.0, None, 12_345.5]
    rows = [pricer._check(car) for car in cars]
    alone = [pricer.price_values(values, asking=asking) for values, asking in zip(rows, askings, strict=True)]
    assert pricer.price_rows(rows, askings=askings) == alone
    assert alone[1].position is None, "no share is promised for a make that was never seen"


@pytest.mark.parametrize("asking", [0, -1, True, "ninety", math.inf, math.nan, [], {}, 10**400])
def test_a_wrong_asking_price_is_named(pricer: Pricer, asking: object) -> None:
    with pytest.raises(ListingsError) as error:
        pricer.price({**UK_CAR, "asking_price": asking})
    assert error.value.what == "asking_price: should be a number above 0"
