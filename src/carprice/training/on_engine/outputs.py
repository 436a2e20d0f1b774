"""What the steps of a training write, and how it is read again: what was learnt, how it was judged."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from carprice.market.market_file import Market
from carprice.model.bundle.safe_pickle import dump_plain, load_plain
from carprice.training.fit import Fitted
from carprice.training.forest.recipes import Recipe
from carprice.training.price_index import PriceIndex

FACTS = "facts.json"
TEST = "test.parquet"


def write_fitted(fitted: Fitted, path: Path) -> None:
    """A file of all of it but the market, written as in a bundle: JSON would lose which of its texts are one."""
    facts = {name: getattr(fitted, name) for name in ("encoders", "scaler", "model", "errors", "held")}
    facts["recipe"] = asdict(fitted.recipe)
    if fitted.index:
        facts["index"] = {
            name: value.tolist() if isinstance(value, np.ndarray) else float(value)
            for name, value in vars(fitted.index).items()
        }
    write_plain(facts, path)


def read_fitted(path: Path, market: Market) -> Fitted:
    """What was learnt, as write_fitted has it."""
    facts = read_plain(path)
    index = facts.pop("index", None)
    if index:
        arrays = {name: np.array(value) for name, value in index.items() if isinstance(value, list)}
        index = PriceIndex(**{**index, **arrays})
    return Fitted(market, **{**facts, "recipe": Recipe(**facts["recipe"]), "index": index})


def write_judged(judged: tuple[pl.DataFrame, dict[str, Any]], folder: Path) -> None:
    """A folder with the test part as it was priced, and the figures."""
    test, figures = judged
    folder.mkdir()
    test.write_parquet(folder / TEST)
    (folder / FACTS).write_text(json.dumps(figures))


def read_judged(folder: Path) -> tuple[pl.DataFrame, dict[str, Any]]:
    """What write_judged wrote."""
    return pl.read_parquet(folder / TEST), json.loads((folder / FACTS).read_text())


def write_plain(value: Any, path: Path) -> None:
    """A file of plain values, as those of a bundle are."""
    path.write_bytes(dump_plain(value))


def read_plain(path: Path) -> Any:
    """The values of write_plain; nothing in the file is run."""
    return load_plain(path.read_bytes())
