"""Shadow replay: recent real requests through the live release and the candidate, and how far prices move."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from typing import Any

from carprice.names import BATCH_PATH, LOG_HINT, SAMPLE_PATH
from carprice.ops.limits import Limits
from carprice.ops.rollout.gates import GateError, example_listing
from carprice.system.http import Address
from carprice.system.tables import format_table
from carprice.system.text import escape_text

COMPARABLE_SHARE = 0.5
REPLAY_SECONDS = 30.0
SHOWN_MAKES = 10
MAKE_CHARACTERS = 20


@dataclass(frozen=True)
class Shift:
    """How far a candidate's prices lie from the live ones, as fractions of the live price.

    median and p95 are of the absolute shift. by_make: listings and median shift, which has a sign.
    """

    listings: int
    compared: int
    median: float
    p95: float
    by_make: Mapping[str, tuple[int, float]]

    def table(self) -> str:
        """The shift overall and by make, the largest first."""
        ordered = sorted(self.by_make.items(), key=lambda item: -abs(item[1][1]))[:SHOWN_MAKES]
        rows = [("make", "listings", "median shift"), ("all", str(self.compared), f"{self.median:.1%}")]
        rows += [
            (escape_text(make[:MAKE_CHARACTERS]), str(count), f"{shift:+.1%}") for make, (count, shift) in ordered
        ]
        return format_table(rows, right=(1, 2), indent="  ")


def fetch_sample(addresses: Sequence[Address], count: int) -> list[dict[str, Any]]:
    """The same as read_sample over HTTP, from all of the replicas; none where they do not share theirs."""
    samples: list[list[dict[str, Any]]] = []
    for address in addresses:
        with suppress(OSError):
            found = address.ask("GET", SAMPLE_PATH).json()
            listings = found.get("listings") if isinstance(found, dict) else None
            samples.append([item for item in listings or () if isinstance(item, dict)])
    share = -(-count // max(len(samples), 1))
    return [listing for sample in samples for listing in sample[-share:]][:count] if count else []


def fill_sample(
    listings: Sequence[Mapping[str, Any]], golden: Sequence[Mapping[str, Any]], reference: Address
) -> Sequence[Mapping[str, Any]]:
    """The listings; without any, the golden ones of the new model take their place, or an example of the live one.

    Raises GateError.
    """
    return listings or [item["listing"] for item in golden] or [example_listing(reference)]


def measure_shift(live: Address, candidate: Address, listings: Sequence[Mapping[str, Any]]) -> Shift:
    """Price the listings with both, and compare. Raises GateError where one does not answer."""
    before, after = (_price_batch(address, listings) for address in (live, candidate))
    ratios = []
    by_make: dict[str, list[float]] = defaultdict(list)
    for listing, old, new in zip(listings, before, after, strict=True):
        if old and new:
            ratios.append(new / old)
            by_make[str(listing.get("make", "not known"))].append(new / old - 1)
    shifts = sorted(abs(ratio - 1) for ratio in ratios) or [0.0]
    return Shift(
        listings=len(listings),
        compared=len(ratios),
        median=median(shifts),
        p95=shifts[min(len(shifts) - 1, int(0.95 * len(shifts)))],
        by_make={make: (len(values), median(values)) for make, values in by_make.items()},
    )


def check_shift(shift: Shift, limits: Limits) -> None:
    """Refuse a candidate whose prices move further than the limits. Raises GateError."""
    accept = "Look at the table; to accept it: ./carprice rollout --accept-price-shift"
    if shift.compared < COMPARABLE_SHARE * shift.listings:
        raise GateError(
            "shadow",
            f"only {shift.compared} of {shift.listings} listings are priced by both: another market's model?",
            accept,
        )
    for name, found, limit in (
        ("median", shift.median, limits.price_shift_median),
        ("p95", shift.p95, limits.price_shift_p95),
    ):
        if found > limit:
            raise GateError("shadow", f"{name} price shift is {found:.1%}, the limit {limit:.1%}", accept)


def _price_batch(address: Address, listings: Sequence[Mapping[str, Any]]) -> list[float | None]:
    try:
        reply = address.ask_in_turn("POST", BATCH_PATH, list(listings), REPLAY_SECONDS)
    except OSError as error:
        raise GateError("shadow", f"{address.name}: no answer to the replay ({error})", LOG_HINT) from None
    results = (reply.json() or {}).get("results")
    if reply.status != 200 or not isinstance(results, list) or len(results) != len(listings):
        raise GateError("shadow", f"{address.name}: the replay should answer 200 (got {reply.status})", LOG_HINT)
    return [result.get("price") for result in results]
