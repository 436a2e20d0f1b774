"""The cars of a file with their prices: a table, and the file with columns added. Nothing is kept."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from msgspec import UNSET

from carprice.api.pages.car import Car, name_car, read_car
from carprice.api.pages.stock_file import StockFile, write_cell
from carprice.api.pages.wording import MINUS, write_money
from carprice.api.predict import refuse_unvalued
from carprice.api.responses import UnvaluedError
from carprice.api.state import LoadedModel
from carprice.market.market_file import ASKING
from carprice.model.input_warnings import ask_instead
from carprice.model.listing import check_listing, read_known
from carprice.model.valuation import Valuation

ADDED = ("predicted_price", "predicted_low", "predicted_high", "problem", "confidence", "warnings", "asking_word")
PERCENT = "asking_percent_to_market"
# As `score --safe` has it: what a spreadsheet would run, unless it is a number.
_FORMULA = re.compile(r"\s*[=+\-@\t\r]")
_NUMBER = re.compile(r"\s*[+-]?[\d.,]+\s*")


@dataclass(frozen=True)
class StockRow:
    """One car of the table. amounts: what its columns are sorted by, in order: price, asked, per cent."""

    title: str
    details: str
    query: str
    price: str
    range: str
    asked: str
    position: str
    amounts: Sequence[str]
    note: str
    is_priced: bool


@dataclass(frozen=True)
class Priced:
    """A car with its valuation, or with what is wrong."""

    car: Car
    valuation: Valuation | None
    problem: str


def price_stock(model: LoadedModel, file: StockFile) -> list[Priced]:
    """Each car of a file with its price, or its problem, in the order of the rows."""
    market = model.pricer.market
    cars = [read_car(model, fields) for fields in file.fields]
    complete = [car for car in cars if car.is_complete]
    rows = [check_listing(market, car.values)[0] for car in complete]
    askings = [car.values.get(ASKING) for car in complete]
    found = zip(rows, model.pricer.price_rows(rows, None, askings), strict=True)
    return [_judge(model, car, *next(found)) if car.is_complete else _refuse(model, car) for car in cars]


def list_rows(model: LoadedModel, priced: Sequence[Priced]) -> list[StockRow]:
    """The rows of the table."""
    return [_show(model, each) for each in priced]


def write_csv(file: StockFile, priced: Sequence[Priced]) -> str:
    """The file with the columns of `score` added; texts that a spreadsheet would run begin with a '."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*map(_neutralise, file.header), *ADDED, PERCENT])
    for row, each in zip(file.rows, priced, strict=True):
        padded = [*map(write_cell, row), *[""] * (len(file.header) - len(row))][: len(file.header)]
        writer.writerow([*map(_neutralise, padded), *map(_neutralise, _list_added(each))])
    return out.getvalue()


def _list_added(each: Priced) -> list[str]:
    found = each.valuation
    if found is None:
        return ["", "", "", each.problem, "", "", "", ""]
    warnings = "; ".join(f"{warning.code}:{warning.field}" for warning in found.warnings)
    placed = found.position
    place = ["", ""] if placed is UNSET or placed is None else [placed.word, f"{placed.percent_to_market:.1f}"]
    return [str(found.price), str(found.low), str(found.high), "", found.confidence, warnings, *place]


def _judge(model: LoadedModel, car: Car, values: Sequence[object], valuation: Valuation) -> Priced:
    try:
        refuse_unvalued(model, values, valuation)  # type: ignore[arg-type]
    except UnvaluedError as error:
        return Priced(car, None, error.detail)
    return Priced(car, valuation, "")


def _refuse(model: LoadedModel, car: Car) -> Priced:
    labels = _labels(model)
    wrong = [f"{labels[name]} {problem}" for name, problem in car.problems.items()]
    missing = [f"{labels[name]} is missing" for name in car.missing]
    return Priced(car, None, "; ".join([*wrong, *missing, *_question(model, car)]))


def _question(model: LoadedModel, car: Car) -> list[str]:
    """What is unlikely in a car without a price: a misspelt model has no usual values to fill in."""
    labels, values = _labels(model), read_known(model.pricer.market, car.values)
    found = model.pricer.find_warnings(values)
    return [f"{labels.get(each.field, each.field)} {ask_instead(each)}" for each in found]


def _show(model: LoadedModel, each: Priced) -> StockRow:
    car, found, currency = each.car, each.valuation, model.currency
    title, details = name_car(model, car)
    query = urlencode(car.typed.texts)
    if found is None:
        return StockRow(title, details, query, "", "", "", "", ("", "", ""), each.problem, False)
    asking, placed = car.values.get(ASKING), found.position
    percent, position = "", ""
    if placed is not UNSET and placed is not None:
        off = placed.percent_to_market - 100
        word = "cannot be meant" if placed.is_doubtful else placed.word
        percent, position = f"{off:.1f}", f"{off:+.0f} %, {word}".replace("-", MINUS)
    return StockRow(
        title,
        details,
        query,
        write_money(found.price, currency),
        f"{write_money(found.low, currency)} to {write_money(found.high, currency)}",
        "" if asking is None else write_money(asking, currency),
        position,
        (str(found.price), "" if asking is None else str(asking), percent),
        _note(model, car, found),
        True,
    )


def _note(model: LoadedModel, car: Car, found: Valuation) -> str:
    labels = _labels(model)
    warned = [f"{labels.get(warning.field, warning.field)} {warning.detail}" for warning in found.warnings]
    taken = f"taken as usual: {', '.join(labels[name] for name in car.taken)}" if car.taken else ""
    return "; ".join([*warned, *filter(None, [taken])])


def _labels(model: LoadedModel) -> Mapping[str, str]:
    return {**{feature.name: feature.label for feature in model.pricer.market.features}, ASKING: "Asking price"}


def _neutralise(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text
