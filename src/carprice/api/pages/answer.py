"""The answer to one car, as the template shows it: price, range, evidence, and what may be wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from msgspec import UNSET
from msgspec.structs import replace

from carprice.api.pages.car import list_asked, name_car, show_values
from carprice.api.pages.charts import draw_band
from carprice.api.pages.curves import Curve, draw_curves
from carprice.api.pages.evidence import Bar, Table, build_bars, build_table
from carprice.api.pages.form import Form
from carprice.api.pages.wording import (
    SURENESS,
    describe_position,
    describe_range,
    join_names,
    show_value,
    write_money,
)
from carprice.api.predict import refuse_unvalued
from carprice.api.responses import UnvaluedError
from carprice.api.state import LoadedModel
from carprice.errors import BundleError
from carprice.market.kinds import Value
from carprice.market.market_file import ASKING
from carprice.model.evidence.comparables import USUAL_COMPARABLES
from carprice.model.input_warnings import UNKNOWN_COMBINATION, InputWarning, ask_instead
from carprice.model.listing import check_listing, read_known
from carprice.model.valuation import Valuation

BIG_COST = 0.005
"""What a missing field adds to the usual error, below which it is not said."""


@dataclass(frozen=True)
class Note:
    """Something to look at, and links that put a suggestion in, each as text and query."""

    text: str
    links: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Answer:
    """What the page says of a car. refused: why it has no price, then nothing else is filled but notes.

    usual: the query of the same car with what is usual for it where it is not given; empty where nothing is.
    """

    title: str
    details: str
    notes: Sequence[Note]
    refused: str = ""
    next_best: str = ""
    valuation: Valuation | None = None
    price: str = ""
    asking: str = ""
    range: str = ""
    confidence: str = ""
    position: str = ""
    taken: str = ""
    not_given: str = ""
    usual: str = ""
    band: str = ""
    against: str = ""
    bars: Sequence[Bar] = ()
    table: Table | None = None
    curves: Sequence[Curve] = ()


def build_answer(model: LoadedModel, form: Form, max_days: int) -> Answer | None:
    """The answer to a form; None where it lacks something, or something in it is wrong."""
    if form.is_empty or not form.car.is_complete:
        return None
    values, _ = check_listing(model.pricer.market, form.car.values)
    asking: float | None = form.car.values.get(ASKING)
    valuation = model.pricer.price_values(values, None, asking)
    notes = _list_notes(model, form, max_days)
    title, details = name_car(model, form.car)
    try:
        refuse_unvalued(model, values, valuation)
    except UnvaluedError as error:
        return Answer(title, details, notes, error.detail, error.next_best)
    return _fill_answer(model, form, values, valuation, notes)


def list_questions(model: LoadedModel, form: Form, is_priced: bool = False) -> list[Note]:
    """What is unlikely in a form, also before it is complete."""
    values = read_known(model.pricer.market, form.car.values)
    warnings = model.pricer.find_warnings(values)
    if not is_priced:
        warnings = tuple(replace(warning, detail=ask_instead(warning)) for warning in warnings)
    return [_note_warning(model, form, warning) for warning in warnings]


def change_query(form: Form, field: str, text: str) -> str:
    """The query of the form with another text in a field."""
    return urlencode({**form.car.typed.texts, field: text})


def _fill_answer(
    model: LoadedModel, form: Form, values: Sequence[Value], valuation: Valuation, notes: Sequence[Note]
) -> Answer:
    pricer, currency = model.pricer, model.currency
    asking: float | None = form.car.values.get(ASKING)
    is_paid = pricer.market.listing.price_type == "paid"
    title, details = name_car(model, form.car)
    breakdown = pricer.explain_values(values, against_usual=True)
    position = valuation.position
    says = describe_range(valuation, currency, is_paid)
    is_placed = position is not UNSET and position is not None and asking is not None
    return Answer(
        title,
        details,
        notes,
        valuation=valuation,
        price=write_money(valuation.price, currency),
        asking=write_money(asking, currency) if asking is not None else "",
        range=says,
        confidence=SURENESS[valuation.confidence],
        position=describe_position(position, asking, currency) if is_placed else "",  # type: ignore[arg-type]
        taken=_name_taken(model, form),
        not_given=_name_missing(model, valuation),
        usual=_fill_usual(model, form, valuation),
        band=draw_band(valuation.low, valuation.price, valuation.high, asking, says, currency),
        against=breakdown.against,
        bars=build_bars(breakdown, currency, show_values(model, form.car)),
        table=_find_table(model, form, values, asking),
        curves=draw_curves(model, values, valuation),
    )


def _find_table(model: LoadedModel, form: Form, values: Sequence[Value], asking: float | None) -> Table | None:
    try:
        found = model.find_comparables(values, USUAL_COMPARABLES, None, asking)
    except BundleError:
        return None  # the API says so with 503; the page has a price all the same
    return build_table(model, found, form.car.values) if found.listings else None


def _name_taken(model: LoadedModel, form: Form) -> str:
    """What was taken as usual, since it was left out."""
    market = model.pricer.market
    shown = [
        f"{feature.label} {show_value(feature, form.car.values[feature.name], with_unit=True)}"
        for feature in market.features
        if feature.name in form.car.taken
    ]
    return f"Taken as usual for a {' '.join(form.car.names)}: {', '.join(shown)}." if shown else ""


def _list_notes(model: LoadedModel, form: Form, max_days: int) -> list[Note]:
    return [
        *list_questions(model, form, is_priced=True),
        *(_note_warning(model, form, warning) for warning in model.age_warnings(max_days)),
    ]


def _name_missing(model: LoadedModel, valuation: Valuation) -> str:
    """What was not given, and what that costs."""
    labels = _labels(model)
    missing = [
        f"{labels[item.field]} (adds {100 * item.adds:.1f} % to the usual error)"
        if item.adds is not None and item.adds >= BIG_COST
        else labels[item.field]
        for item in valuation.not_given
    ]
    return f"Not given: {join_names(missing)}." if missing else ""


def _fill_usual(model: LoadedModel, form: Form, valuation: Valuation) -> str:
    """The query with the usual values of fields that are not given, as they would be typed."""
    usual, asked = form.car.usual, list_asked(model)
    features = {feature.name: feature for feature in model.pricer.market.features}
    missing = [item.field for item in valuation.not_given if item.field in usual and item.field not in asked]
    filled = {name: show_value(features[name], usual[name]) for name in missing if not features[name].has_words}
    return urlencode({**form.car.typed.texts, **filled}) if filled else ""


def _note_warning(model: LoadedModel, form: Form, warning: InputWarning) -> Note:
    """A warning with its suggestions as links. Of a model of another make they are makes."""
    field = model.seen.keys[0] if warning.code == UNKNOWN_COMBINATION else warning.field
    detail = warning.detail.partition("; did you mean")[0] if warning.suggestions else warning.detail
    text = f"{_labels(model)[warning.field]} {detail}." if warning.field else f"{detail[:1].upper()}{detail[1:]}."
    links = [
        (_write_suggestion(model, field, name), change_query(form, field, name)) for name in warning.suggestions
    ]
    return Note(text, links)


def _write_suggestion(model: LoadedModel, field: str, text: str) -> str:
    """A suggested value as people read it: 45,000 for 45000."""
    feature = model.pricer.market.feature(field)
    return show_value(feature, float(text)) if feature and feature.kind == "number" else text


def _labels(model: LoadedModel) -> Mapping[str, Any]:
    return {feature.name: feature.label for feature in model.pricer.market.features}
