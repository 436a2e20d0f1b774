"""The price page and Swagger UI in a real browser."""

import base64
import json
import re
import shutil
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.browser.chromium import Browser
from tests.model.cars import DATED_CAR, UK_CAR, change

ENTER = ("Enter", 13)
WIDTHS = {"desktop": (1280, 900), "phone": (390, 844)}

PAPER = {".price": True, ".letterhead": True, "form": False, "header": False, "#history": False}
"""Whether it is printed."""

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
    page.wait_for("document.querySelector('#answer:not(.stale) .price')")


@pytest.mark.parametrize("size", WIDTHS)
def test_the_form_prices_a_car(page: Browser, uk_url: str, size: str) -> None:
    page.resize(*WIDTHS[size])
    price_with_form(page, uk_url, UK_CAR)
    expected = ask_price(uk_url, UK_CAR)
    assert digits(read_text(page, ".price")) == expected["price"]
    assert "£" in read_text(page, ".price")
    low, high = read_text(page, ".range").split(" for ")[1].split(" to ")
    assert (digits(low), digits(high)) == (expected["low"], expected["high"])
    rows = read_rows(page, ".breakdown tbody")
    assert sum(digits(row[2]) for row in rows[:-1]) == digits(rows[-1][2]) == expected["price"]
    assert rows[0][0] == "The usual Ford Fiesta"
    assert {row[0] for row in rows[1:-1]} >= {"Mileage 15,944 mi", "Road tax per year 150 GBP"}
    assert page.run("document.documentElement.scrollWidth <= innerWidth"), "nothing hangs over the edge"


@pytest.mark.parametrize("size", WIDTHS)
def test_an_asking_price_is_judged_beside_similar_cars(page: Browser, uk_url: str, size: str) -> None:
    page.resize(*WIDTHS[size])
    price_with_form(page, uk_url, change(UK_CAR, asking_price=3000))
    expected = ask_price(uk_url, change(UK_CAR, asking_price=3000), "comparables=5")
    assert read_text(page, ".position").endswith("under the price: great. 0 in 100 such cars cost less.")
    rows = read_rows(page, ".comparables tbody")
    found = expected["comparables"]["listings"]
    assert [[digits(text) for text in row[-2:]] for row in rows] == [
        [item["price"], item["adjusted"]] for item in found
    ]
    assert digits(read_rows(page, ".comparables tfoot")[0][-1]) == expected["comparables"]["median"]
    assert page.run("document.documentElement.scrollWidth <= innerWidth"), "nothing hangs over the edge"


def test_a_suggestion_puts_itself_in(page: Browser, uk_url: str) -> None:
    price_with_form(page, uk_url, change(UK_CAR, model="Fiista"))
    page.run("document.querySelector('.suggestion').click()")
    page.wait_for("document.forms.listing?.elements.model.value === 'Fiesta' && !document.querySelector('.notes')")
    assert digits(read_text(page, ".price")) == ask_price(uk_url, UK_CAR)["price"]


def test_every_kind_of_field(page: Browser, dated_url: str) -> None:
    price_with_form(page, dated_url, DATED_CAR)
    assert digits(read_text(page, ".price")) == ask_price(dated_url, DATED_CAR)["price"]


def test_optional_fields_may_stay_empty(page: Browser, dated_url: str) -> None:
    car = change(DATED_CAR, colour=..., inspected=..., towbar=..., seats=...)
    price_with_form(page, dated_url, car)
    assert digits(read_text(page, ".price")) == ask_price(dated_url, car)["price"]


def test_the_price_follows_the_fields_and_no_old_one_is_shown(page: Browser, uk_url: str) -> None:
    page.open(f"{uk_url}/?{urlencode(UK_CAR)}")
    page.run("document.forms.listing.elements.mileage.value = ''")
    page.type_text("[name=mileage]", "150k")
    hidden = "getComputedStyle(document.querySelector('.price')).visibility === 'hidden'"
    assert page.run(f"{hidden} || document.querySelector('h2').innerText.includes('150,000')")
    page.wait_for(
        "!document.querySelector('.stale') && document.querySelector('h2').innerText.includes('150,000')"
    )
    assert digits(read_text(page, ".price")) == ask_price(uk_url, change(UK_CAR, mileage=150_000))["price"]
    assert "mileage=150k" in page.run("location.search"), "the address is that of this car"


def test_models_follow_the_make(page: Browser, uk_url: str) -> None:
    page.open(f"{uk_url}/")
    make = "document.forms.listing.elements.make"
    page.run(f"{make}.value = 'Skoda'; {make}.dispatchEvent(new Event('input', {{ bubbles: true }}))")
    page.wait_for("document.querySelectorAll('#values-model option').length === 1")
    assert page.run("document.querySelector('#values-model option').value") == "Octavia"


def test_back_reload_and_a_link_have_their_car(page: Browser, uk_url: str) -> None:
    price_with_form(page, uk_url, UK_CAR)
    link = page.run("location.href")
    first = read_text(page, ".price")
    page.run("document.forms.listing.elements.year.value = ''")
    page.type_text("[name=year]", "2012")
    page.press(*ENTER)
    page.wait_for("location.search.includes('2012') && !document.querySelector('.stale')")
    second = read_text(page, ".price")
    assert second != first
    page.send("Page.reload")
    page.wait_for(
        f"document.readyState === 'complete' && document.querySelector('.price')?.innerText === '{second}'"
    )
    page.open("about:blank#away")
    page.open(link)
    assert read_text(page, ".price") == first


def test_the_last_cars_are_kept_in_the_browser(page: Browser, uk_url: str) -> None:
    page.open(f"{uk_url}/")
    page.run("localStorage.clear()")
    for year in (2016, 2017):
        page.open(f"{uk_url}/?{urlencode(change(UK_CAR, year=year))}")
    assert page.run("[...document.querySelectorAll('#history a')].map(a => a.innerText.slice(0, 16))") == [
        "Ford Fiesta 2017",
        "Ford Fiesta 2016",
    ]
    page.run("document.querySelector('#history button').click()")
    assert page.run("document.getElementById('history').hidden && localStorage.cars === '[]'")


def test_without_a_script_the_page_answers(page: Browser, uk_url: str) -> None:
    page.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        page.open(f"{uk_url}/")
        fill_form(page, UK_CAR)
        page.press(*ENTER)
        page.wait_for("location.search && document.readyState === 'complete' && document.querySelector('.price')")
        assert digits(read_text(page, ".price")) == ask_price(uk_url, UK_CAR)["price"]
        assert page.run("document.forms.listing.elements.mileage.value") == "15944"
    finally:
        page.send("Emulation.setScriptExecutionDisabled", value=False)


def test_paper_has_the_price_and_no_form(page: Browser, uk_url: str) -> None:
    page.open(f"{uk_url}/?{urlencode(UK_CAR)}")
    page.send("Emulation.setEmulatedMedia", media="print")
    try:
        shown = {name: page.run(f"document.querySelector('{name}').offsetHeight > 0") for name in PAPER}
    finally:
        page.send("Emulation.setEmulatedMedia", media="")
    assert shown == PAPER
    data = base64.b64decode(page.send("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert len(re.findall(rb"/Type\s*/Page\b", data)) == 1, "one page"


def test_a_wrong_value_is_named_beside_its_field(page: Browser, uk_url: str) -> None:
    page.open(f"{uk_url}/")
    fill_form(page, change(UK_CAR, year=1900, make=...))
    page.press(*ENTER)
    page.wait_for("document.querySelector('#error-year').innerText")
    assert read_text(page, "#error-year") == "should be from 1980 to 2021"
    assert "Still needed: Make." in read_text(page, "#answer")
    page.wait_for("document.activeElement.name === 'year'")
    assert page.run("document.activeElement.getAttribute('aria-describedby')") == "error-year"


def test_without_a_model_the_page_says_so(page: Browser, serve: Serve, tmp_path: Path) -> None:
    page.open(f"{serve(tmp_path / 'none')}/")
    assert read_text(page, ".notice").startswith("No model is loaded yet.")
    page.complaints[:] = [text for text in page.complaints if "503" not in text]


@pytest.mark.slow
def test_the_page_recovers_once_there_is_a_model(
    page: Browser, serve: Serve, small_bundle: Path, tmp_path: Path
) -> None:
    page.open(f"{serve(tmp_path / 'artifacts')}/?{urlencode(UK_CAR)}")
    assert page.run("document.querySelector('.notice') !== null")
    shutil.copytree(small_bundle, tmp_path / "artifacts")
    page.wait_for("document.querySelector('.price') !== null")
    page.complaints[:] = [text for text in page.complaints if "503" not in text]


@pytest.mark.slow
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
