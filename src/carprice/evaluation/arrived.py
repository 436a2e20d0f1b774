"""The cars of a listings file, as the monitor counts them."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import polars as pl

from carprice.frames.pricing import price_frame
from carprice.listings.cleaning import load_listings
from carprice.listings.listings_files import Source
from carprice.model.input_warnings import OUTSIDE_TRAINING, UNKNOWN_CATEGORY, UNKNOWN_COMBINATION
from carprice.model.pricer import Pricer
from carprice.monitor.inputs import Arrived

LISTINGS = "listings"
BETWEEN = "; "

Progress = Callable[[int], None]


def arrive_listings(source: Source, pricer: Pricer, progress: Progress | None = None) -> Arrived:
    """The cars of a file of the pricer's market, after cleaning. Raises ListingsError."""
    frame = load_listings(source, pricer.market, progress).frame
    priced = price_frame(frame, pricer)
    warnings = priced["warnings"].fill_null("").to_list()
    columns = {
        item.name: (_spell(frame[item.name], index, pricer) if item.is_category else frame[item.name]).to_list()
        for index, item in enumerate(pricer.market.features)
    }
    return Arrived(
        LISTINGS,
        frame.height,
        columns,
        _count_fields(warnings, (UNKNOWN_CATEGORY, UNKNOWN_COMBINATION)),
        _count_fields(warnings, (OUTSIDE_TRAINING,)),
        int((priced["confidence"] == "low").sum()),
        f" of {Path(source.name).name}",
    )


def _spell(values: pl.Series, index: int, pricer: Pricer) -> pl.Series:
    texts = values.drop_nulls().unique().to_list()
    return values.replace_strict(texts, [pricer.encoder.spell(index, text) for text in texts], default=None)


def _count_fields(warnings: list[str], codes: tuple[str, ...]) -> Counter[str]:
    """How many rows have such a warning by field, and under an empty name of any."""
    counts: Counter[str] = Counter()
    for text in filter(None, warnings):
        found = [warning.split(":") for warning in text.split(BETWEEN)]
        fields = {field for code, field in found if code in codes}
        counts.update(fields | {""} if fields else ())
    return counts
