"""Clean listings that a training keeps: a file for each column, and what cleaning did."""

import json
from dataclasses import asdict
from pathlib import Path

import msgspec
import polars as pl

from carprice.listings.cleaning import Listings
from carprice.listings.report import CleaningReport
from carprice.listings.stored import Table, open_columns, write_columns

FACTS = "facts.json"


def write_listings(listings: Listings[pl.DataFrame], folder: Path) -> None:
    """A folder with the columns of clean listings, and what cleaning did."""
    folder.mkdir()
    write_columns(listings.frame, folder)
    facts = {"columns": listings.frame.columns, "rows": listings.frame.height, "report": asdict(listings.report)}
    facts |= {"fingerprint": listings.fingerprint, "cap": listings.cap}
    (folder / FACTS).write_text(json.dumps(facts))


def read_listings(folder: Path) -> Listings[Table]:
    """The listings of write_listings."""
    facts = json.loads((folder / FACTS).read_text())
    frame = open_columns(folder, facts["columns"], facts["rows"])
    report = msgspec.convert(facts["report"], CleaningReport)
    return Listings(frame, report, facts["fingerprint"], facts["cap"])
