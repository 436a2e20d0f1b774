"""A file of the listings that a model has learnt from says little of how good it is, and that is told."""

from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from tests.bundles import invent_uk_listings

from carprice.cli.main import cli
from carprice.market.market_file import Market, load_market


def write_listings(frame: pl.DataFrame, market: Market, path: Path) -> str:
    names = {item.name: item.column for item in market.features} | {"price": market.price.column}
    frame.select(*names).rename(names).write_csv(path)
    return str(path)


def test_a_file_that_was_learnt_from(
    markets_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_training: None
) -> None:
    for name in ("artifacts", "var", "logs"):
        monkeypatch.setenv(f"CARPRICE_{name.upper()}_DIR", str(tmp_path / name))
    monkeypatch.setenv("CARPRICE_MLFLOW_URL", "http://127.0.0.1:9")
    market = load_market("uk", markets_dir)
    listings = write_listings(invent_uk_listings(market, 900), market, tmp_path / "cars.csv")
    others = write_listings(invent_uk_listings(market, 200, 99), market, tmp_path / "others.csv")

    def run(*argv: str) -> str:
        result = CliRunner().invoke(cli, argv, catch_exceptions=False)
        assert result.exit_code == 0, result.stderr
        return result.stderr

    run("train", "--market", "uk", "--data", listings)
    said, of_others = run("score", listings), run("score", others)
    assert "has learnt from 100% of these listings" in said
    assert "others were priced with a median error of" in said
    assert "Against column 'price'" in of_others
    assert "has learnt from" not in of_others
