"""Whether a file that is scored holds the very listings that its model has learnt from."""

from pathlib import Path

from carprice.errors import ListingsError
from carprice.evaluation.unlearnt import list_cars
from carprice.listings.cleaning import CAR, Cleaner
from carprice.listings.listings_files import Source, open_listings
from carprice.model.pricer import Pricer

SAMPLE_ROWS = 20_000
"""The first ones of a file."""
MOST_LEARNT = 0.2
"""Of the listings of a file, so many make its errors too small."""


def describe_learnt(source: Source, pricer: Pricer, folder: Path) -> str:
    """What the model has learnt of a file's listings, in one sentence; empty where that is little, or not known.

    folder: of the pricer's bundle, whose comparables name the cars.
    """
    cars, _ = list_cars(pricer, folder)
    file = open_listings(source)
    cleaner = Cleaner(pricer.market, str(source))
    try:
        batch = next(file.read_batches(SAMPLE_ROWS))
        frame = cleaner.mark_problems(batch, file.first_line)
    except (ListingsError, StopIteration):
        return ""
    found = frame.filter(frame["problem"].is_null())[CAR].is_in(cars.implode())
    share = float(found.mean() or 0.0)  # type: ignore[arg-type]
    if share <= MOST_LEARNT:
        return ""
    judged = pricer.manifest["metrics"]["overall"]["median_ape"]
    return (
        f"{pricer.version} has learnt from {share:.0%} of these listings, so they say little of how good it is: "
        f"others were priced with a median error of {judged:.1%}"
    )
