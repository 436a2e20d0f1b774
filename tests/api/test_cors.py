"""Pages of other sites: off unless named, exact origins, preflight, never with credentials."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from tests.api.calls import Result, as_json, call
from tests.api.conftest import MakeApp
from tests.model.cars import UK_CAR

from carprice.errors import SettingsError
from carprice.settings import load_settings

SITE = "https://cars.example"
OTHERS = ["https://cars.example.evil.example", "http://cars.example", "https://cars.example:444", "null", "", "*"]
ASKED = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}


def ask(app: Flask, method: str = "POST", path: str = "/predict/price", **headers: str) -> Result:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return call(app.wsgi_app, method, path, as_json(UK_CAR) if method == "POST" else None, headers=sent)


def list_cors(result: Result) -> dict[str, str]:
    return {name: value for name, value in result.headers if name.startswith(("Access-Control-", "Vary"))}


@pytest.fixture
def cors_app(make_app: MakeApp) -> Flask:
    return make_app(allowed_origins=f"{SITE}, http://localhost:3000")


def test_it_is_off_unless_a_site_is_named(app: Flask) -> None:
    assert list_cors(ask(app, Origin=SITE)) == {}
    result = ask(app, "OPTIONS", Origin=SITE, **ASKED)
    assert (result.status, list_cors(result)) == (204, {})


@pytest.mark.parametrize("origin", [SITE, "http://localhost:3000"])
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/predict/price", 200), ("GET", "/info/features", 200), ("GET", "/none", 404)],
)
def test_a_named_site_reads_every_answer(
    cors_app: Flask, origin: str, method: str, path: str, status: int
) -> None:
    result = ask(cors_app, method, path, Origin=origin)
    assert result.status == status
    found = list_cors(result)
    assert found.pop("Access-Control-Expose-Headers").startswith("X-Request-ID, ")
    assert found == {"Vary": "Origin", "Access-Control-Allow-Origin": origin}


@pytest.mark.parametrize("origin", OTHERS)
def test_no_other_site_does(cors_app: Flask, origin: str) -> None:
    assert list_cors(ask(cors_app, Origin=origin)) == {"Vary": "Origin"}
    assert list_cors(ask(cors_app, "OPTIONS", Origin=origin, **ASKED)) == {"Vary": "Origin"}
    assert list_cors(ask(cors_app)) == {"Vary": "Origin"}


def test_a_preflight_needs_no_key_and_its_request_does(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(allowed_origins=SITE, api_keys=str(tmp_path / "keys"))
    result = ask(app, "OPTIONS", Origin=SITE, **ASKED)
    assert (result.status, result.body) == (204, b"")
    assert result.header("Access-Control-Allow-Origin") == SITE
    assert result.header("Access-Control-Allow-Methods") == "GET, POST"
    assert "Authorization" in str(result.header("Access-Control-Allow-Headers"))
    assert result.header("Access-Control-Allow-Credentials") is None
    refused = ask(app, Origin=SITE)
    assert (refused.status, refused.header("Access-Control-Allow-Origin")) == (401, SITE)
    assert ask(app, "OPTIONS", Origin="https://other.example", **ASKED).status == 401


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("*", ", such as https://cars.example (got '*')"),
        ("https://*.cars.example", ", such as https://cars.example (got 'https://*.cars.example')"),
        ("cars.example", ", such as https://cars.example (got 'cars.example')"),
        ("https://cars.example/", " such as https://cars.example (got 'https://cars.example/')"),
        ("https://Cars.example:443", " such as https://cars.example (got 'https://Cars.example:443')"),
        ("https://a:b@cars.example", " such as https://cars.example (got 'https://a:b@cars.example')"),
        ("null", ", such as https://cars.example (got 'null')"),
    ],
)
def test_what_would_never_match_is_refused(text: str, named: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({"CARPRICE_ALLOWED_ORIGINS": text})
    assert str(refused.value) == f"CARPRICE_ALLOWED_ORIGINS: should be origins of pages{named}"


def test_settings_take_several(make_app: MakeApp) -> None:
    settings: Any = load_settings({"CARPRICE_ALLOWED_ORIGINS": "https://a.example,https://[::1]:8443"})
    assert settings.allowed_origins == "https://a.example,https://[::1]:8443"
