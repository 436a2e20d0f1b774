"""Settings: each that the code reads is on a page, each on a page is read, and a bad value says which and why."""

import re
from pathlib import Path

import pytest

from carprice.errors import SettingsError
from carprice.settings import MAY_BE_ZERO, Settings, load_settings

NAMES = re.compile(r"(?<![A-Z_])CARPRICE_[A-Z_]*[A-Z]\b(?!_)")
CODE = ("src", "app.py", "carprice", "hooks", "docker-compose.yml", "Dockerfile", "edge", "kubernetes")
MADE_UP = {"CARPRICE_NAME"}
"""Stands for any of them in docs/cli.md."""

FIELDS = vars(Settings())
FREE = {"host", "fallback_dir", "model_version", "signing_key", "release", "dealer_name", "replica_names"}
"""Texts of which any may be meant: what is wrong with one shows where it is used."""
TEXTS = {
    "stack": "podman",
    "mlflow_url": "mlflow:5000",
    "mlflow_public_url": "localhost:5001",
    "trusted_keys": "keys",
    "api_keys": "keys",
    "tls": "tls",
    "address_rate": "50/m",
    "allowed_origins": "*",
    "health_route": "health",
    "predict_route": "a b",
    "feedback_url": "mysql://host/cars",
}
LIMITS = {"share_sample": "2", "port": "65536", "mlflow_port": "65536", "index_bound": "0.2"}


def list_bad() -> list[tuple[str, str]]:
    """Each setting with values that it must not have."""
    bad = [*TEXTS.items(), *LIMITS.items()]
    for name, default in FIELDS.items():
        if isinstance(default, int):
            bad += [(name, text) for text in ("x", "", "1.5", "-1", *(["0"] if name not in MAY_BE_ZERO else []))]
        elif isinstance(default, float):
            bad += [(name, text) for text in ("x", "", "-0.1", "nan", "inf")]
        elif isinstance(default, Path):
            bad.append((name, ""))
    return bad


@pytest.mark.parametrize(("name", "value"), list_bad())
def test_a_bad_value_names_the_setting_what_is_allowed_and_itself(name: str, value: str) -> None:
    variable = f"CARPRICE_{name.upper()}"
    with pytest.raises(SettingsError) as found:
        load_settings({variable: value})
    said = re.fullmatch(rf"{variable}: should be \w.* \(got (.*)\)", found.value.what)
    assert said, found.value.what
    assert said[1] in (value, repr(value))


def test_every_setting_has_a_bad_value_or_may_be_any_text() -> None:
    assert {name for name, _ in list_bad()} | FREE == set(FIELDS)
    assert not {name for name, _ in list_bad()} & FREE
    assert all(load_settings({f"CARPRICE_{name.upper()}": "any text"}) for name in FREE)


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_every_setting_is_read_by_its_name(name: str) -> None:
    value = {int: "7", float: "0.05", str: "/a", type(Path()): "/a"}[type(FIELDS[name])]
    special = {"stack": "local", "share_sample": "1", "address_rate": "7/s", "allowed_origins": "https://a"}
    urls = {"mlflow_url": "https://a", "mlflow_public_url": "https://a", "feedback_url": "postgres://a/b"}
    value = (special | urls).get(name, value)
    assert str(vars(load_settings({f"CARPRICE_{name.upper()}": value}))[name]) == value


def find_names(root: Path, places: tuple[str, ...], suffixes: tuple[str, ...] = ("",)) -> set[str]:
    paths = [root / place for place in places]
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file()]
    files = [file for file in files if file.suffix != ".pyc" and (file.suffix in suffixes or suffixes == ("",))]
    text = "\n".join(file.read_text(errors="ignore") for file in files)
    return set(NAMES.findall(text))


def test_every_setting_of_the_code_is_on_a_page_and_the_other_way_round(root: Path) -> None:
    read = {f"CARPRICE_{name.upper()}" for name in FIELDS} | find_names(root, CODE)
    on_pages = find_names(root, ("docs", "README.md"), (".md",)) - MADE_UP
    assert read - on_pages == set(), "on no page"
    assert on_pages - read == set(), "read by nothing"


def test_every_setting_is_in_the_reference(root: Path) -> None:
    table = (root / "docs" / "cli.md").read_text().partition("\n## Settings\n")[2]
    assert set(re.findall(r"^\| `(CARPRICE_\w+)` \|", table, re.MULTILINE)) == {
        f"CARPRICE_{name.upper()}" for name in FIELDS
    }
