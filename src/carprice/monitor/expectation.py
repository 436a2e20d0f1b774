"""What a model's manifest says of the errors to expect: overall, by segment, and as it ages."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from carprice.model.bundle.manifest import VERSION_TIME
from carprice.model.pricer import Pricer


class Forecast(NamedTuple):
    """days: the band it is for. error: the median error in it. is_seen: whether the training saw so many days."""

    days: str
    error: float
    is_seen: bool


def count_days(pricer: Pricer, today: date) -> int:
    """The age of a model: days since the last one that it learnt from, else since its training."""
    learnt = pricer.as_of or datetime.strptime(pricer.version, VERSION_TIME).date()
    return (today - learnt).days


def find_forecast(manifest: Mapping[str, Any], days: int) -> Forecast | None:
    """The forecast for so many days, beyond the last band that one; None where the manifest has none."""
    found = None
    for row in manifest.get("ageing") or ():
        found = Forecast(row["days"], row["median_ape"], row["seen"])
        if days <= int(row["days"].split("-")[1]):
            break
    return found


def judged_error(manifest: Mapping[str, Any]) -> float | None:
    """The median error on the test part; None where the manifest does not say."""
    report = manifest.get("report") or {}
    found = (report.get("overall") or {}).get("median_ape")
    if found is None:
        found = manifest.get("metrics", {}).get("overall", {}).get("median_ape")
    return None if found is None else float(found)


def expected_error(manifest: Mapping[str, Any], days: int, kind: str = "", name: str = "") -> float | None:
    """The median error to expect of a model of that age, of a segment where one is named; None where not known.

    A segment's error on the test part grows as the overall one does.
    """
    forecast, judged = find_forecast(manifest, days), judged_error(manifest)
    overall = forecast.error if forecast else judged
    if not kind or overall is None or not judged:
        return overall
    segments = (manifest.get("report") or {}).get("segments", {}).get(kind, [])
    own = next((item["median_ape"] for item in segments if item["name"] == name), None)
    return None if own is None else own * overall / judged


def low_confidence(manifest: Mapping[str, Any]) -> float | None:
    """The share of the test part that had low confidence; None where the manifest does not say."""
    segments = (manifest.get("report") or {}).get("segments", {}).get("confidence", [])
    rows = {item["name"]: item["rows"] for item in segments}
    return rows.get("low", 0) / sum(rows.values()) if rows else None
