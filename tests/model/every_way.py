"""Warnings, ranges and promises in every way of pricing: one car, many, a frame, MLflow's flavour, a file."""

from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl

from carprice.frames.pricing import price_frame
from carprice.model.pricer import Pricer
from carprice.scoring.score_file import score_file
from carprice.tracking.listing_pricer import ListingPricer


def warn_every_way(pricer: Pricer, cars: list[dict[str, Any]], folder: Path) -> list[str | None]:
    """Of each car its warnings as `code:field`, after it was checked that every way has the same."""
    rows = [pricer.read_values(car) for car in cars]
    many = pricer.price_rows(rows)
    assert many == [pricer.price_values(row) for row in rows]
    codes = ["; ".join(f"{each.code}:{each.field}" for each in found.warnings) or None for found in many]
    names = [feature.name for feature in pricer.market.features]
    schema = {name: pl.String if name in pricer.encoders else pl.Float64 for name in names}
    frame = price_frame(pl.DataFrame(rows, schema, orient="row"), pricer)
    flavour = ListingPricer(pricer).predict(pd.DataFrame(cars))
    for column in (frame["warnings"].to_list(), flavour["warnings"].to_list()):
        assert column == codes
    assert frame["coverage"].to_list() == [found.coverage for found in many]
    assert flavour["low"].to_list() == [found.low for found in many] == [round(low) for low in frame["low"]]
    columns = {each.name: each.column for each in pricer.market.features}
    pl.DataFrame(cars).rename(columns).write_csv(folder / "cars.csv")
    assert pl.concat(score_file(folder / "cars.csv", pricer))["warnings"].to_list() == codes
    return codes
