"""One batch of listings in every form that a client may send it in, and the amounts of the answer."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tests.api.calls import JSON, Result

AMOUNTS = ("price", "low", "high")
CSV = "text/csv"
VERTEX = "/v1/endpoints/12/deployedModels/34:predict"
DATATYPES = {str: "BYTES", bool: "BOOL"}

Listings = Sequence[dict[str, Any]]
Amounts = list[tuple[Any, ...]]


class Form(NamedTuple):
    """A way to ask. write: listings, and whether partial is asked for, to a body."""

    path: str
    write: Callable[..., bytes]
    kind: str = JSON


def list_names(listings: Listings) -> list[str]:
    return list(dict.fromkeys(name for listing in listings for name in listing))


def write_named(form: str, parameters: str) -> Callable[..., bytes]:
    """A JSON form of MLflow, KServe's V1 or Vertex AI."""

    def write(listings: Listings, partial: bool = False) -> bytes:
        names = list_names(listings)
        data: Any = list(listings)
        if form == "dataframe_split":
            data = {"columns": names, "data": [[each.get(name) for name in names] for each in listings]}
            data["index"] = list(range(len(listings)))
        elif form == "columns":
            data = {name: [each.get(name) for each in listings] for name in names}
        more = {parameters: {"partial": True}} if partial else {}
        return json.dumps({form.replace("columns", "inputs"): data, **more}).encode()

    return write


def write_csv(listings: Listings, partial: bool = False) -> bytes:
    assert not partial, "a CSV has no parameters"
    text = io.StringIO()
    writer = csv.DictWriter(text, list_names(listings), restval="")
    writer.writeheader()
    writer.writerows(listings)
    return text.getvalue().encode()


def write_tensors(listings: Listings, partial: bool = False) -> bytes:
    """V2: numbers as FP64; what is missing as null or an empty text."""
    inputs = []
    for name in list_names(listings):
        data = [each.get(name) for each in listings]
        kind = DATATYPES.get(type(next(value for value in data if value is not None)), "FP64")
        inputs.append({"name": name, "shape": [len(data)], "datatype": kind, "data": data})
    body = {"id": "42", "inputs": inputs}
    return json.dumps({**body, "parameters": {"partial": True}} if partial else body).encode()


FORMS = {
    "split": Form("/invocations", write_named("dataframe_split", "params")),
    "records": Form("/invocations", write_named("dataframe_records", "params")),
    "instances": Form("/invocations", write_named("instances", "params")),
    "inputs": Form("/invocations", write_named("inputs", "params")),
    "columns": Form("/invocations", write_named("columns", "params")),
    "csv": Form("/invocations", write_csv, CSV),
    "v1": Form("/v1/models/cars:predict", write_named("instances", "parameters")),
    "v2": Form("/v2/models/cars/infer", write_tensors),
    "vertex": Form(VERTEX, write_named("instances", "parameters")),
    "given": Form("/given/predict", write_named("instances", "parameters")),
}


def read_amounts(answer: Any) -> Amounts:
    """price, low and high of each row, of whichever protocol."""
    if "outputs" in answer:
        columns = {output["name"]: output["data"] for output in answer["outputs"]}
        return list(zip(*(columns[name] for name in AMOUNTS), strict=True))
    rows = answer["predictions"] if "predictions" in answer else answer["results"]
    return [tuple(row.get(name) for name in AMOUNTS) for row in rows]


def read_error(result: Result) -> str:
    """What an error says, after a check that it has its protocol's form and no other."""
    assert result.header("Content-Type") == JSON
    if "error_code" in result.json:
        assert set(result.json) == {"error_code", "message"}
        return str(result.json["message"])
    assert set(result.json) == {"error"}
    return str(result.json["error"])
