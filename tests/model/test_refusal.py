"""Cars that are not valued, where the market refuses such."""

from dataclasses import replace
from typing import Any

import pytest
from tests.model.cars import UK_CAR, change

from carprice.model.bundle.contents import Bundle
from carprice.model.pricer import Pricer
from carprice.model.refusal import find_refusal


def refuse(bundle: Bundle) -> Bundle:
    market = bundle.manifest["market"]
    market = {**market, "price": {**market["price"], "refuse": True}}
    return replace(bundle, manifest={**bundle.manifest, "market": market})


@pytest.mark.parametrize(
    ("change_to", "reason"),
    [
        ({"make": "Lada"}, "make was not among the training listings"),
        ({"model": "Fiista"}, "model was not among the training listings; did you mean 'Fiesta'?"),
        (
            {"make": "Audi"},
            "model 'Fiesta' is not among the training listings of Audi; did you mean 'Ford'?",
        ),
        ({"mileage": 499_999, "tax": 999}, "mileage, tax are outside what the model has learnt from"),
        ({"mileage": 499_999}, None),
        ({"fuel": "Steam"}, None),
        ({}, None),
    ],
)
def test_a_car_is_not_valued_where_the_market_refuses(
    pricer: Pricer, bundle: Bundle, change_to: dict[str, Any], reason: str | None
) -> None:
    strict = Pricer(refuse(bundle))
    car = change(UK_CAR, **change_to)
    assert find_refusal(strict, *strict.price_listing(car)) == reason
    assert find_refusal(pricer, *pricer.price_listing(car)) is None


def test_too_few_like_it_are_not_valued(bundle: Bundle) -> None:
    lines = [[*line[:2], 2, *line[3:]] for line in bundle.model["depreciation"]["lines"]]
    model = {**bundle.model, "depreciation": {**bundle.model["depreciation"], "lines": lines}}
    strict = Pricer(replace(refuse(bundle), model=model))
    reason = find_refusal(strict, *strict.price_listing(UK_CAR))
    assert reason == "the model has learnt from 2 such cars, and needs 3"
