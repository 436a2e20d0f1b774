"""The served model for people: how good it is, for which cars, how old, and what it learnt from.

Every figure is one of the manifest, which may lack any of them: what is not there is not known.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from markupsafe import Markup

from carprice.api.pages.charts import draw_bar
from carprice.api.pages.wording import join_names, write_band
from carprice.api.state import LoadedModel
from carprice.model.bundle.manifest import VERSION_TIME

UNKNOWN = "not known"
SEGMENTS = {
    "make": "By make",
    "age": "By age, in years",
    "price": "By price, in {currency}",
    "price_band": "By price, in {currency}",
    "fuel": "By fuel",
    "confidence": "By how sure the answer says it is",
}
"""Of the report, else of the metrics, in this order."""
MAX_ROWS = 40
"""Of one table, so that the page stays light."""


@dataclass(frozen=True)
class Row:
    """One line of a table: what, its figures as text, and the first of them as a bar."""

    name: str
    cells: Sequence[str]
    bar: Markup


@dataclass(frozen=True)
class Table:
    """A table of figures."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Row]


@dataclass(frozen=True)
class ModelPage:
    """headline: how good in one sentence. facts: names with what is known of them."""

    headline: str
    facts: Sequence[tuple[str, str]]
    tables: Sequence[Table]
    makes: Sequence[tuple[str, str]]
    notes: Sequence[str]


def build_model_page(model: LoadedModel, today: date) -> ModelPage:
    """What the manifest says of a loaded model."""
    manifest = model.pricer.manifest
    report = _mapping(manifest.get("report"))
    segments = _mapping(report.get("segments")) or _read_metrics(_mapping(manifest.get("metrics")))
    tables = [
        _table_segment(title.format(currency=model.currency), _list(segments.get(name)))
        for name, title in SEGMENTS.items()
    ]
    tables.append(_table_left_out(model, _list(report.get("left_out"))))
    tables.append(_table_ageing(_list(manifest.get("ageing"))))
    tables.append(_table_importance(model))
    notes = [str(note) for note in _list(report.get("notes"))]
    return ModelPage(
        _write_headline(manifest, report),
        _list_facts(model, today),
        [table for table in tables if table.rows],
        _list_makes(model),
        notes,
    )


def _write_headline(manifest: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    overall = _mapping(report.get("overall")) or _mapping(_mapping(manifest.get("metrics")).get("overall"))
    coverage = _mapping(manifest.get("coverage"))
    half, close = _percent(overall.get("median_ape"), 1), _percent(overall.get("ppe10"), 0)
    target, measured = _percent(coverage.get("target"), 0), _percent(coverage.get("measured"), 0)
    parts = [f"Half of its prices are within {half} of the actual ones"]
    if close != UNKNOWN:
        parts.append(f"{close} are within 10 %")
    if target != UNKNOWN:
        parts.append(f"ranges that should hold {target} of prices held {measured}")
    return f"{'; '.join(parts)}. That was measured on {_count(overall.get('rows'))} listings it had not seen."


def _list_facts(model: LoadedModel, today: date) -> list[tuple[str, str]]:
    manifest, market = model.pricer.manifest, model.pricer.market
    data = _mapping(manifest.get("data"))
    trained = datetime.strptime(model.version, VERSION_TIME).date()
    judged = {"time": "the newest listings, of cars not learnt from", "car": "other cars; time was not judged"}
    learnt_to = f"{model.as_of}, {_days(today, model.pricer.as_of)}" if model.pricer.as_of else UNKNOWN
    paid = market.listing.price_type == "paid"
    return [
        ("Market", f"{market.title}; prices in {market.currency}, {'paid' if paid else 'asked, not paid'}"),
        ("Learnt from", f"{_count(data.get('rows_kept'))} listings of {data.get('source') or UNKNOWN}"),
        ("Last day learnt from", learnt_to),
        ("Trained", f"{trained}, {_days(today, trained)}"),
        ("Judged by", judged.get(str(data.get("judged_by")), UNKNOWN)),
        ("Version", model.version),
    ]


def _list_makes(model: LoadedModel) -> list[tuple[str, str]]:
    """Each make with its models, where the market has them."""
    seen = model.seen
    if len(seen.keys) < 2:
        return []
    return [(make, join_names(seen.list_next((make,)))) for make in seen.list_next(())]


def _table_segment(title: str, parts: Sequence[Any]) -> Table:
    found = [_mapping(part) for part in parts][:MAX_ROWS]
    most = max((_figure(part.get("median_ape")) or 0.0 for part in found), default=0.0)
    rows = [
        _row(
            write_band(str(part.get("name"))),
            part.get("median_ape"),
            most,
            [_percent(part.get("coverage"), 0), _count(part.get("rows"))],
        )
        for part in found
    ]
    return Table(title, ["Usual error", "Range held", "Listings"], rows)


def _table_left_out(model: LoadedModel, parts: Sequence[Any]) -> Table:
    labels = {feature.name: feature.label for feature in model.pricer.market.features}
    found = [_mapping(part) for part in parts]
    most = max((_figure(part.get("median_ape")) or 0.0 for part in found), default=0.0)
    rows = []
    for part in found:
        name = str(part.get("name"))
        cells = [_percent(part.get("coverage"), 0)]
        rows.append(_row(labels.get(name, name[:1].upper() + name[1:]), part.get("median_ape"), most, cells))
    return Table("When a field is left out", ["Usual error", "Range held"], rows)


def _table_ageing(parts: Sequence[Any]) -> Table:
    found = [_mapping(part) for part in parts]
    most = max((_figure(part.get("median_ape")) or 0.0 for part in found), default=0.0)
    rows = [_row(f"{_count(part.get('days'))} days", part.get("median_ape"), most, []) for part in found]
    return Table("As it gets older", ["Usual error expected"], rows)


def _table_importance(model: LoadedModel) -> Table:
    labels = {feature.name: feature.label for feature in model.pricer.market.features}
    shares = _mapping(model.pricer.manifest.get("importance"))
    most = max((_figure(share) or 0.0 for share in shares.values()), default=0.0)
    rows = [_row(labels.get(name, name), share, most, []) for name, share in shares.items()]
    return Table("What moves prices", ["Share"], rows)


def _row(name: str, value: Any, most: float, cells: Sequence[str]) -> Row:
    return Row(name, [_percent(value, 1), *cells], draw_bar(_figure(value) or 0.0, 0.0, most))


def _read_metrics(metrics: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The metrics by segment in the form that the report has them."""
    return {
        name: [{"name": part, **_mapping(figures)} for part, figures in _mapping(parts).items()]
        for name, parts in metrics.items()
        if name != "overall"
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _figure(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None


def _percent(value: Any, digits: int) -> str:
    figure = _figure(value)
    return UNKNOWN if figure is None else f"{100 * figure:.{digits}f} %"


def _count(value: Any) -> str:
    figure = _figure(value)
    return UNKNOWN if figure is None else f"{figure:,.0f}"


def _days(today: date, day: date) -> str:
    days = (today - day).days
    return "today" if days <= 0 else "1 day ago" if days == 1 else f"{days:,} days ago"
