"""The price page as the server writes it: what works without a script."""

import re
import shutil
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from flask import Flask
from tests.api.calls import Result, as_json, call, find_state
from tests.api.conftest import MakeApp
from tests.model.cars import DATED_CAR, TITLED_CAR, UK_CAR, change
from tests.model.damage import edit_pickle

from carprice.market.kinds import KINDS
from carprice.market.market_file import ASKING
from carprice.model.bundle.contents import read_bundle
from carprice.model.bundle.manifest import find_bundle
from carprice.names import KIB

MAX_BYTES = 100 * KIB
STRICT = "default-src 'self'"


def open_page(app: Flask, fields: dict[str, Any], **headers: str) -> Result:
    query = urlencode(
        {name: str(value).lower() if value in (True, False) else value for name, value in fields.items()}
    )
    result = call(app.wsgi_app, "GET", f"/?{query}", headers=headers)
    assert result.status == 200
    assert len(result.body) < MAX_BYTES
    assert (result.header("Content-Security-Policy") or "").startswith(STRICT)
    return result


def read_text(result: Result, name: str) -> str:
    """The text of the first element of that class; empty where there is none."""
    found = re.search(rf'class="{name}"[^>]*>(.*?)</(?:p|ul|div|table)>', result.body.decode(), re.DOTALL)
    return " ".join(unescape(re.sub("<[^>]+>", "", found[1])).split()) if found else ""


def find_error(result: Result, field: str) -> str:
    found = re.search(rf'id="error-{field}">([^<]*)<', result.body.decode())
    assert found, field
    return unescape(found[1])


def ask(app: Flask, car: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = call(app.wsgi_app, "POST", "/predict/price", as_json(car)).json
    return answer


@pytest.mark.parametrize(
    ("bundle", "car"), [("small_bundle", UK_CAR), ("dated_bundle", DATED_CAR), ("titled_bundle", TITLED_CAR)]
)
def test_a_link_has_the_price(
    request: pytest.FixtureRequest, make_app: MakeApp, bundle: str, car: dict[str, Any]
) -> None:
    app = make_app(artifacts_dir=request.getfixturevalue(bundle))
    result = open_page(app, car)
    assert f"{ask(app, car)['price']:,}" in read_text(result, "price")


@pytest.mark.parametrize("bundle", ["small_bundle", "dated_bundle", "titled_bundle"])
def test_every_field_is_asked_for(request: pytest.FixtureRequest, make_app: MakeApp, bundle: str) -> None:
    app = make_app(artifacts_dir=request.getfixturevalue(bundle))
    model = find_state(app).model
    assert model
    page = open_page(app, {}).body.decode()
    found = {}
    for tag, attributes in re.findall(r"<(input|select) ([^>]*)>", page):
        named = dict(re.findall(r'([\w-]+)="([^"]*)"', attributes))
        found[named["name"]] = named.get("type", tag)
    for feature in model.pricer.market.features:
        wanted = {"choice": ("select", "text"), "yes-no": ("select",), "number": ("text",)}
        control = KINDS[feature.kind].input
        assert found.pop(feature.name) in wanted.get(control, (control,))
    assert found == {ASKING: "text"}


@pytest.mark.parametrize("typed", ["45k", "45,000", "45.000", "45 000", "45000 miles", "72.42k km"])
def test_numbers_may_be_typed_as_people_write_them(app: Flask, typed: str) -> None:
    result = open_page(app, change(UK_CAR, mileage=typed))
    expected = ask(app, change(UK_CAR, mileage=45_000))["price"]
    assert read_text(result, "price") == f"£{expected:,}"
    assert f'value="{typed}"' in result.body.decode(), "what was typed stays"


def test_what_is_usual_is_taken_and_said(app: Flask) -> None:
    car = {name: UK_CAR[name] for name in ("make", "model", "year", "mileage")}
    model = find_state(app).model
    assert model
    usual = model.seen.find_usual(("Ford", "Fiesta"))
    assert usual
    result = open_page(app, car)
    taken = f"Transmission {usual[3]}, Fuel {usual[5]}"
    assert read_text(result, "taken") == f"Taken as usual for a Ford Fiesta: {taken}. Change what differs."
    expected = ask(app, {**car, "transmission": usual[3], "fuel": usual[5]})["price"]
    assert read_text(result, "price") == f"£{expected:,}"


def test_what_is_usual_fills_optional_fields_on_request(app: Flask) -> None:
    car = change(UK_CAR, engine_size=..., mpg=...)
    page = open_page(app, car).body.decode()
    found = re.search(r'href="/\?([^"]*)">Fill in what is usual</a>', page)
    assert found
    filled = dict(parse_qsl(unescape(found[1])))
    model = find_state(app).model
    usual = model.seen.find_usual(("Ford", "Fiesta")) if model else None
    assert usual
    assert {name: filled[name] for name in ("mpg", "mileage")} == {"mpg": f"{usual[7]:g}", "mileage": "15944"}
    answer = open_page(app, filled)
    assert read_text(answer, "taken") == ""
    assert read_text(answer, "price")


@pytest.mark.parametrize("name", ["make", "model", "year", "mileage"])
def test_which_car_it_is_is_never_guessed(app: Flask, name: str) -> None:
    result = open_page(app, change(UK_CAR, **{name: ...}))
    assert read_text(result, "price") == ""
    assert f"Still needed: {name.capitalize()}." in result.body.decode()


def test_models_follow_the_make(app: Flask) -> None:
    def list_models(**fields: Any) -> list[str]:
        page = open_page(app, fields).body.decode()
        found = re.search(r'<datalist id="values-model">(.*?)</datalist>', page, re.DOTALL)
        assert found
        return re.findall('value="([^"]*)"', found[1])

    assert list_models() == []
    assert list_models(make="ford") == ["Fiesta", "Focus", "Kuga"]
    assert list_models(make="Skoda", model="x") == ["Octavia"]


def test_years_follow_the_model(app: Flask) -> None:
    page = open_page(app, {"make": "Ford", "model": "Fiesta"}).body.decode()
    found = re.search(r'<datalist id="values-year">(.*?)</datalist>', page, re.DOTALL)
    assert found
    years = re.findall('value="([^"]*)"', found[1])
    assert years[0] == "2020"
    assert years == sorted(years, reverse=True)


@pytest.mark.parametrize(
    ("fields", "suggested"),
    [
        ({"model": "Fiista"}, "model=Fiesta"),
        ({"model": "Octavia"}, "make=Skoda"),
        ({"mileage": "15"}, "mileage=15000"),
        ({"mileage": "1 200 000 km", "year": 2012}, ""),
    ],
    ids=["misspelt", "another make", "thousands", "outside"],
)
def test_what_is_unlikely_is_questioned(app: Flask, fields: dict[str, Any], suggested: str) -> None:
    page = open_page(app, change(UK_CAR, **fields)).body.decode()
    links = re.findall(r'class="suggestion" href="/\?([^"]*)"', page)
    assert any(suggested in unescape(link).split("&") for link in links) or not suggested
    for link in links:  # what is suggested is as good as it says
        assert suggested.partition("=")[2] in unescape(link)


def test_a_value_that_no_such_car_has_is_questioned(make_app: MakeApp, small_bundle: Path, tmp_path: Path) -> None:
    artifacts = Path(shutil.copytree(small_bundle, tmp_path / "artifacts"))
    folder = find_bundle(artifacts)
    encoders = read_bundle(folder).encoders
    make, model, fuel = (encoders[name].index for name in ("make", "model", "fuel"))
    rows = [[[make("Ford"), model("Fiesta")], [[[fuel("Petrol")], [1210]]]]]
    seen = {"fields": ["fuel"], "rows": rows}
    edit_pickle(folder, "model.pkl", lambda model: model.__setitem__("seen_values", seen))
    page = open_page(make_app(artifacts_dir=artifacts), change(UK_CAR, fuel="Hybrid")).body.decode()
    said = "Fuel was &#39;Hybrid&#39; in none of the 1,210 training listings of Ford Fiesta: Petrol 1,210."
    assert said in page
    [link] = re.findall(r'class="suggestion" href="/\?([^"]*)"', page)
    assert "fuel=Petrol" in unescape(link).split("&")


def test_a_suggested_number_is_written_as_people_write_it(app: Flask) -> None:
    page = open_page(app, change(UK_CAR, mileage="15")).body.decode()
    assert re.search(r'class="suggestion" href="[^"]*mileage=15000[^"]*">15,000</a>', page)


def test_a_list_to_type_into_says_so(app: Flask) -> None:
    page = open_page(app, {}).body.decode()
    assert re.search(r'<input name="model"[^>]*placeholder="type or choose"', page)
    assert '<option value="">choose</option>' in page


def test_a_suggestion_comes_before_the_rest_is_typed(app: Flask) -> None:
    page = open_page(app, {"make": "Ford", "model": "Fiista"}).body.decode()
    assert "Model was not among the training listings. Did you mean" in page


def test_a_wrong_value_is_named_beside_its_field(app: Flask) -> None:
    result = open_page(app, change(UK_CAR, year=1900, mileage="far", asking_price="free"))
    assert find_error(result, "year") == "should be from 1980 to 2021"
    assert find_error(result, "mileage") == "should be a number"
    assert find_error(result, "asking_price") == "should be a number above 0"
    assert read_text(result, "price") == ""


def test_a_script_in_a_value_is_text(app: Flask) -> None:
    page = open_page(app, change(UK_CAR, make="<script>alert(1)</script>", model='"><b>')).body.decode()
    assert "<script>alert" not in page
    assert "<b>" not in page


def test_an_asking_price_is_judged(app: Flask) -> None:
    expected = ask(app, UK_CAR)["price"]
    result = open_page(app, change(UK_CAR, asking_price=f"£{expected}"))
    assert read_text(result, "position").startswith(f"£{expected:,} is at the price: fair. ")
    assert 'class="asking-mark"' in result.body.decode()
    result = open_page(app, change(UK_CAR, asking_price="9"))
    assert read_text(result, "position").endswith("% of the price: that cannot be meant.")


def test_evidence_stands_beside_the_price(app: Flask) -> None:
    page = open_page(app, UK_CAR).body.decode()
    assert page.count('class="curve-chart"') == 2
    assert page.count('class="bar"') >= 3
    assert "The usual Ford Fiesta" in page
    assert "Similar cars: same make and model" in page
    assert "Mileage <small>15,944 mi</small>" in page
    version = find_state(app).model.version  # type: ignore[union-attr]
    assert f"Priced on {date.today():%d %B %Y} with model {version}".replace("on 0", "on ") in page


def test_only_prices_that_were_asked_for_are_counted(app: Flask) -> None:
    def count() -> float:
        text = call(app.wsgi_app, "GET", "/metrics").body.decode()
        found = re.search(r'predicted_price_count\{currency="GBP"\} ([\d.]+)', text)
        return float(found[1]) if found else 0.0

    before = count()
    open_page(app, UK_CAR, **{"X-Typing": "1"})
    assert count() == before
    open_page(app, UK_CAR)
    assert count() == before + 1


def test_a_printed_price_has_the_dealer(make_app: MakeApp) -> None:
    assert "<strong>Harbour Cars</strong>" in open_page(make_app(dealer_name="Harbour Cars"), UK_CAR).body.decode()


def test_without_a_model_the_page_says_so_and_looks_again(make_app: MakeApp, tmp_path: Path) -> None:
    result = call(make_app(artifacts_dir=tmp_path / "none").wsgi_app, "GET", "/?make=Ford")
    assert result.status == 503
    assert b'http-equiv="refresh" content="5"' in result.body
    assert str(tmp_path).encode() not in result.body


def test_no_page_needs_an_inline_script_or_style(app: Flask, root: Path) -> None:
    texts = [path.read_text() for path in (root / "src/carprice/api/templates").glob("*.html")]
    texts.append(open_page(app, UK_CAR).body.decode())
    for text in texts:
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)", text)
