"""docs/bundle.md names every key of a bundle that a real training wrote, and no other."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from tests.bundles import invent_uk_listings

from carprice.market.market_file import load_market
from carprice.model.bundle import manifest
from carprice.model.bundle.contents import Bundle, read_bundle
from carprice.model.bundle.manifest import find_bundle
from carprice.model.bundle.signature import SIGNATURE
from carprice.settings import Settings
from carprice.training.train import train_file

ROWS = 600

# Keys whose own keys are names of the data: features, makes, parameters.
OPEN = {"market", "baselines", "importance", "params", "libraries", "mlflow", "report", "data.hygiene"}
OPEN |= {"index", "inputs.features"} | {f"metrics.{name}" for name in ("overall", "make", "age", "price_band")}


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    return (root / "docs" / "bundle.md").read_text()


@pytest.fixture(scope="module")
def trained(markets_dir: Path, tmp_path_factory: pytest.TempPathFactory, quick_training: None) -> Bundle:
    """A bundle as `./carprice train` writes it, of a file of invented listings."""
    folder = tmp_path_factory.mktemp("trained")
    market = load_market("uk", markets_dir)
    columns = {feature.name: feature.column for feature in market.features}
    invent_uk_listings(market, ROWS).rename(columns).write_csv(folder / "cars.csv")
    settings = Settings(artifacts_dir=folder / "artifacts", var_dir=folder / "var")
    training = train_file(folder / "cars.csv", market, settings, say=lambda _: None)
    return read_bundle(training.folder)


def section(page: str, title: str) -> str:
    return page.split(f"\n## {title}\n")[1].split("\n## ")[0]


def named_keys(page: str, title: str) -> set[str]:
    return set(re.findall(r"(?m)^\| `([^`]+)` \|", section(page, title)))


def flatten(tree: Any, path: str = "") -> set[str]:
    if path in OPEN or not isinstance(tree, dict | list) or path == "golden.*.listing":
        return {path}
    if isinstance(tree, list) or path == "files":
        items = list(tree.values()) if isinstance(tree, dict) else tree
        return set().union(*(flatten(item, f"{path}.*") for item in items))
    return set().union(*(flatten(item, f"{path}.{key}" if path else key) for key, item in tree.items()))


def test_every_key_of_the_manifest_is_named(page: str, trained: Bundle) -> None:
    assert named_keys(page, "manifest.json") == flatten(trained.manifest)


def test_the_source_is_the_files_name(page: str, trained: Bundle) -> None:
    assert "| `data.source` | the name of the listings file |" in page
    assert trained.manifest["data"]["source"] == "cars.csv"


def test_every_key_of_the_model_is_named(page: str, trained: Bundle) -> None:
    opened = ("depreciation", "range")
    inside = {f"{key}.{name}" for key in opened for name in trained.model[key]}
    assert named_keys(page, "model.pkl") == {key for key in trained.model if key not in opened} | inside


def test_every_figure_of_the_scaler_is_named(page: str, trained: Bundle) -> None:
    for figures in trained.scaler.values():
        assert named_keys(page, "scaler.pkl") == set(figures)


def test_every_error_is_named(page: str, trained: Bundle) -> None:
    named = set(re.findall(r"`(\w+)`", page.split("An error is a set of")[1].split(";")[0]))
    errors = trained.manifest["metrics"]
    assert named == set(errors["overall"]) == set(next(iter(errors["make"].values())))


def test_the_files_and_limits_are_those_of_the_code(page: str) -> None:
    named = re.findall(r"(?m)^\| `([^`]+)` \|", page.split("\n## ")[0])
    assert named == [*manifest.FILES, manifest.COMPARABLES, manifest.MANIFEST, SIGNATURE]
    assert f"| `format` | the format of the whole bundle: {manifest.FORMAT} |" in page
    assert (
        f"larger than {manifest.MAX_BYTES >> 20} MB (the manifest: {manifest.MAX_MANIFEST_BYTES >> 20} MB)" in page
    )


def test_the_example_runs(page: str, small_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [code] = re.findall(r"(?s)```python\n(.*?)```", page)
    exec(code.replace("artifacts/20261123T124500Z", str(find_bundle(small_bundle))), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "0.048"
    assert lines[1].startswith("Valuation(price=")


def test_names_of_the_code_are_where_the_page_says(page: str) -> None:
    named = re.findall(r"`(\w+)` in `(carprice[./]\S+?)(?:\.py)?`", page)
    assert [name for name, _ in named] == ["WORD_LIMITS", "write_bundle", "FORMAT", "read_bundle"]
    for name, module in named:
        found = getattr(import_module(module.replace("/", ".")), name)
        assert getattr(found, "__module__", module.replace("/", ".")) == module.replace("/", "."), "defined there"
