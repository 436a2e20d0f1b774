"""The price page and Swagger UI in a real browser."""

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.browser.chromium import Browser
from tests.model.cars import DATED_CAR, UK_CAR, change

ENTER = ("Enter", 13)
WIDTHS = {"desktop": (1280, 900), "phone": (390, 844)}

Serve = Callable[[Path], str]


@pytest.fixture(scope="module")
def uk_url(serve: Serve, small_bundle: Path) -> str:
    return serve(small_bundle)


@pytest.fixture(scope="module")
def dated_url(serve: Serve, dated_bundle: Path) -> str:
    return serve(dated_bundle)


def ask_price(url: str, car: dict[str, Any], query: str = "explain=model") -> dict[str, Any]:
    request = urllib.request.Request(
        f"{url}/predict/price?{query}", json.dumps(car).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=20) as response:
        answer: dict[str, Any] = json.load(response)
        return answer


def fill_form(page: Browser, car: dict[str, Any]) -> None:
    """Type into fields, choose from lists."""
    for name, value in car.items():
        field = f"document.forms.listing.elements.{name}"
        text = {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)
        if page.run(f"{field}.tagName === 'SELECT' || {field}.type === 'date'"):
            page.run(f"{field}.value = {json.dumps(text)}")
        else:
            page.type_text(f"[name={name}]", text)


def read_text(page: Browser, selector: str) -> str:
    text: str = page.run(f"document.querySelector({json.dumps(selector)}).innerText")
    return text


def read_rows(page: Browser, part: str) -> list[list[str]]:
    rows: list[list[str]] = page.run(
        f"[...document.querySelectorAll('{part} tr')].map((row) => [...row.cells].map((c) => c.innerText))"
    )
    return rows


def digits(text: str) -> int:
    number = int("".join(letter for letter in text if letter.isdigit()))
    return -number if "-" in text or "\N{MINUS SIGN}" in text else number


def price_with_form(page: Browser, url: str, car: dict[str, Any]) -> None:
    page.open(f"{url}/")
    fill_form(page, car)
    page.press(*ENTER)
    page.wait_for("!document.getElementById('answer').hidden")


@pytest.mark.parametrize("size", WIDTHS)
def test_the_form_prices_a_car(page: Browser, uk_url: str, size: str) -> None:
    page.resize(*WIDTHS[size])
    price_with_form(page, uk_url, UK_CAR)
    expected = ask_price(uk_url, UK_CAR)
    assert digits(read_text(page, ".price")) == expected["price"]
    assert "£" in read_text(page, ".price")
    low, high = read_text(page, ".range").split(" between ")[1].split(" and ")
    assert (digits(low), digits(high)) == (expected["low"], expected["high"])
    rows = read_rows(page, ".breakdown tbody")
    assert sum(digits(amount) for _, amount in rows) == expected["price"]
    assert rows[0][0] == "The usual Ford Fiesta"
    assert {name for name, _ in rows[1:]} >= {"Make", "Mileage", "Road tax per year"}
    assert page.run("document.documentElement.scrollWidth <= innerWidth"), "nothing hangs over the edge"
    assert page.run("document.querySelector('.warnings').offsetHeight") == 0


@pytest.mark.parametrize("size", WIDTHS)
def test_an_asking_price_is_judged_beside_similar_cars(page: Browser, uk_url: str, size: str) -> None:
    page.resize(*WIDTHS[size])
    price_with_form(page, uk_url, change(UK_CAR, asking_price=1))
    expected = ask_price(uk_url, change(UK_CAR, asking_price=1), "comparables=5")
    assert read_text(page, ".position").endswith("below the price: great. 0 in 100 such cars cost less.")
    rows = read_rows(page, ".comparables tbody")
    found = expected["comparables"]["listings"]
    assert [[digits(text) for text in row[-2:]] for row in rows] == [
        [item["price"], item["adjusted"]] for item in found
    ]
    assert digits(read_rows(page, ".comparables tfoot")[0][-1]) == expected["comparables"]["median"]
    assert page.run("document.documentElement.scrollWidth <= innerWidth"), "nothing hangs over the edge"


def test_without_an_asking_price_nothing_is_said_of_one(page: Browser, uk_url: str) -> None:
    price_with_form(page, uk_url, UK_CAR)
    assert page.run("document.querySelector('.position').offsetHeight") == 0


def test_a_warning_names_the_field(page: Browser, uk_url: str) -> None:
    price_with_form(page, uk_url, change(UK_CAR, model="Fiista"))
    assert read_text(page, ".warnings") == "Model was not among the training listings; did you mean 'Fiesta'?"


def test_every_kind_of_field(page: Browser, dated_url: str) -> None:
    price_with_form(page, dated_url, DATED_CAR)
    assert digits(read_text(page, ".price")) == ask_price(dated_url, DATED_CAR)["price"]


def test_optional_fields_may_stay_empty(page: Browser, dated_url: str) -> None:
    car = change(DATED_CAR, colour=..., inspected=..., towbar=..., seats=...)
    price_with_form(page, dated_url, car)
    assert digits(read_text(page, ".price")) == ask_price(dated_url, car)["price"]


def test_a_wrong_value_is_named_beside_its_field(page: Browser, uk_url: str) -> None:
    page.open(f"{uk_url}/")
    page.run("document.forms.listing.noValidate = true")
    fill_form(page, change(UK_CAR, year=1900, make=...))
    page.press(*ENTER)
    page.wait_for("document.querySelector('[data-error=year]').innerText")
    assert read_text(page, "[data-error=year]") == "should be from 1980 to 2021"
    assert read_text(page, "[data-error=make]") == "is required"
    assert page.run("document.getElementById('answer').hidden")
    # The browser notes every answer that is not 200: that one was wanted.
    page.complaints[:] = [text for text in page.complaints if "422" not in text]


def test_without_a_model_the_page_says_so(page: Browser, serve: Serve, tmp_path: Path) -> None:
    page.open(f"{serve(tmp_path / 'none')}/")
    assert read_text(page, ".notice").startswith("No model is loaded yet.")
    page.complaints[:] = [text for text in page.complaints if "503" not in text]


def test_swagger_ui_prices_a_car(page: Browser, uk_url: str) -> None:
    page.open(f"{uk_url}/api/docs")
    page.wait_for("document.querySelectorAll('.opblock').length >= 10")
    page.run("document.querySelector('.opblock-summary-control').click()")
    for button in (".try-out__btn", ".execute"):
        page.wait_for(f"document.querySelector('{button}')")
        page.run(f"document.querySelector('{button}').click()")
    status = ".live-responses-table tbody .response-col_status"
    page.wait_for(f"document.querySelector('{status}')")
    assert read_text(page, status).startswith("200")
    assert '"price":' in read_text(page, ".live-responses-table .microlight")
