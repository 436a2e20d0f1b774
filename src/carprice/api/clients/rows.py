"""Bodies of other protocols to the rows of a batch: named columns, records and CSV."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from carprice.api.decoding import JSON_TYPES
from carprice.api.responses import RefusedError, encode
from carprice.market.kinds import KINDS
from carprice.market.market_file import ASKING, Market

SPLIT, RECORDS, INSTANCES, INPUTS = "dataframe_split", "dataframe_records", "instances", "inputs"
MLFLOW_FORMS = (SPLIT, RECORDS, INSTANCES, INPUTS)
V1_FORMS = (INSTANCES,)
PARAMETERS = ("params", "parameters")
PARTIAL = "partial"
YES, NO = frozenset(("true", "1", "yes")), frozenset(("false", "0", "no"))


class Order(NamedTuple):
    """What is asked for.

    rows: a list of listings as JSON, the body of POST /predict/batch. partial: whether a row with a problem is
    answered with it, instead of failing them all.
    """

    rows: bytes
    partial: bool = False


def read_rows(body: bytes, forms: Sequence[str]) -> Order:
    """The listings of a JSON object with exactly one of the forms, and its parameters.

    Raises RefusedError with 400 naming what is wrong.
    """
    fields = load_object(body)
    names = [name for name in forms if name in fields]
    if len(names) != 1:
        found = ", ".join(names) if names else "none"
        raise refuse_body(f"The body should have exactly one of {', '.join(forms)} (got {found})")
    if unknown := fields.keys() - {names[0], *PARAMETERS}:
        raise refuse_body(f"The body has {sorted(unknown)[0][:80]!r} beside {names[0]}, which means nothing here")
    parameters: Any = next((_decode(fields[name], name) for name in PARAMETERS if name in fields), {})
    rows = bytes(fields[names[0]])
    if names[0] == SPLIT:
        rows = encode(_name_columns(_decode(fields[SPLIT], SPLIT)))
    elif names[0] == INPUTS and rows.startswith(b"{"):
        rows = encode(turn_columns(_decode(fields[INPUTS], INPUTS)))
    if not rows.startswith(b"["):
        raise refuse_body(f"{names[0]} should be a list with an object for each car")
    return Order(rows, read_partial(parameters))


def read_partial(parameters: Any, known: Sequence[str] = (PARTIAL,)) -> bool:
    """Whether the parameters ask for what can be priced. known: their names. Raises RefusedError with 400."""
    if not isinstance(parameters, dict):
        raise refuse_body("The parameters should be an object")
    if unknown := parameters.keys() - set(known):
        raise refuse_body(f"There is no parameter {sorted(unknown)[0][:80]!r}; there is {PARTIAL}")
    partial = parameters.get(PARTIAL, False)
    if not isinstance(partial, bool):
        raise refuse_body(f"The parameter {PARTIAL} should be true or false")
    return partial


def read_csv(body: bytes, market: Market) -> Order:
    """The listings of a CSV file whose first line names the fields; an empty cell is a field that is not given.

    A cell that is not of its field's type stays a text, so that the row's problem names it. Raises RefusedError
    with 400.
    """
    try:
        lines = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        header, *rows = [row for row in lines if row] or [[]]
    except UnicodeDecodeError as error:
        raise refuse_body(f"The body is not UTF-8 at byte {error.start}") from None
    except csv.Error as error:
        raise refuse_body(f"The body is not CSV: {error}") from None
    types = {item.name: JSON_TYPES[KINDS[item.kind].schema["type"]] for item in market.features} | {ASKING: float}
    if not types.keys() & set(header):
        raise refuse_body("The first line of the CSV should name the fields; GET /info/features lists them")
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise refuse_body(f"Row {number} of the CSV has {len(row)} cells, its first line {len(header)}")
    names = _check_names(header)
    cells = (zip(names, row, strict=True) for row in rows)
    return Order(encode([{name: _read_cell(text, types.get(name, str)) for name, text in row} for row in cells]))


def turn_columns(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Columns of one length as rows. Raises RefusedError with 400."""
    if not isinstance(columns, dict) or not all(isinstance(values, list) for values in columns.values()):
        raise refuse_body("Each column should be a list with a value for each row")
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise refuse_body(f"The columns should have one length (got {', '.join(map(str, sorted(lengths)))})")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def load_object(body: bytes) -> dict[str, msgspec.Raw]:
    """The members of a JSON object, each still as JSON; NaN, which pandas writes for what is missing, as null.

    Raises RefusedError with 400.
    """
    try:
        return msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError:
        raise refuse_body("The body should be a JSON object") from None
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        found = json.loads(body, parse_constant=_read_constant)
    except RecursionError:
        raise refuse_body("The body is nested too deeply") from None
    except ValueError as error:
        raise refuse_body(f"The body is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise refuse_body("The body should be a JSON object")
    return {name: msgspec.Raw(encode(value)) for name, value in found.items()}


def refuse_body(detail: str) -> RefusedError:
    """That a body is not as its protocol has it."""
    return RefusedError(400, detail)


def _name_columns(split: Any) -> list[dict[str, Any]]:
    """The rows of a frame as pandas writes it with orient="split"; its index says nothing of a car."""
    known = {"columns", "data", "index"}
    if not isinstance(split, dict) or not {"columns", "data"} <= split.keys() <= known:
        raise refuse_body(f"{SPLIT} should have columns and data, and may have index")
    names, data = _check_names(split["columns"]), split["data"]
    if not isinstance(data, list):
        raise refuse_body(f"{SPLIT}.data should be a list of rows")
    for number, row in enumerate(data, 1):
        if not isinstance(row, list) or len(row) != len(names):
            raise refuse_body(f"Row {number} of {SPLIT}.data should be a list of {len(names)} values")
    return [dict(zip(names, row, strict=True)) for row in data]


def _check_names(names: Any) -> list[str]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise refuse_body("The columns should be a list of names")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise refuse_body(f"A column stands there twice: {twice[0][:80]!r}")
    return names


def _read_cell(text: str, kind: type) -> Any:
    if not text.strip():
        return None
    if kind is bool:
        word = text.strip().lower()
        return word in YES if word in YES | NO else text
    if kind is float:
        try:
            return msgspec.json.decode(text.strip(), type=float)
        except msgspec.MsgspecError:
            return text
    return text


def _read_constant(name: str) -> None:
    if name != "NaN":
        raise refuse_body(f"The body has {name}, which is no number")


def _decode(raw: msgspec.Raw, name: str) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise refuse_body(f"{name} is not JSON: {error}") from None
