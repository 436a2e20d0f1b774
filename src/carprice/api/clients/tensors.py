"""The Open Inference Protocol's bodies (V2): a tensor for each field, as JSON or as bytes behind it.

The bytes are the binary tensor data extension, which tritonclient and KServe's client use unless asked not to:
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

import math
import struct
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from carprice.api.clients.errors import describe_errors
from carprice.api.clients.rows import PARTIAL, Order, read_partial, refuse_body, turn_columns
from carprice.api.responses import encode
from carprice.api.schemas.answers import BatchAnswer, ProblemAnswer

CODES = {
    "BOOL": "?",
    "INT8": "b",
    "INT16": "h",
    "INT32": "i",
    "INT64": "q",
    "UINT8": "B",
    "UINT16": "H",
    "UINT32": "I",
    "UINT64": "Q",
    "FP16": "e",
    "FP32": "f",
    "FP64": "d",
}
"""How struct reads a value of each datatype; little-endian."""
BYTES = "BYTES"
LENGTH = struct.Struct("<I")
AMOUNTS = ("price", "low", "high")
PROBLEM = "problem"
OUTPUTS = {**dict.fromkeys(AMOUNTS, "FP64"), "confidence": BYTES, "warnings": BYTES, PROBLEM: BYTES}
"""Each output with its datatype; `problem` only with partial."""
BINARY_OUTPUT = "binary_data_output"
"""A parameter: that bytes would be taken. JSON always is."""


class _Tensor(msgspec.Struct):
    name: str
    shape: list[int]
    datatype: str
    data: Any = UNSET
    parameters: dict[str, Any] = {}


class _Output(msgspec.Struct):
    name: str
    parameters: dict[str, Any] = {}


class _Request(msgspec.Struct):
    inputs: list[_Tensor]
    id: str = ""
    outputs: list[_Output] | UnsetType = UNSET
    parameters: dict[str, Any] = {}


class TensorOrder(NamedTuple):
    """What is asked for: the rows, the id to return, the names of the outputs."""

    order: Order
    id: str
    outputs: Sequence[str]


def read_tensors(body: bytes, header_length: str | None) -> TensorOrder:
    """The listings of a request. header_length: of the JSON before the bytes; None for no bytes.

    NaN, null and an empty text stand for a field that is not given. Raises RefusedError with 400.
    """
    length = _read_length(header_length, len(body))
    try:
        request = msgspec.json.decode(body[:length], type=_Request)
    except msgspec.DecodeError as error:
        raise refuse_body(f"The body is not an inference request: {error}") from None
    except RecursionError:
        raise refuse_body("The body is nested too deeply") from None
    partial = read_partial(request.parameters, (PARTIAL, BINARY_OUTPUT))
    columns: dict[str, list[Any]] = {}
    rest = memoryview(body)[length:]
    for tensor in request.inputs:
        if tensor.name in columns:
            raise refuse_body(f"The input {tensor.name[:80]!r} stands there twice")
        values, rest = _read_values(tensor, rest)
        columns[tensor.name] = [None if is_missing(value) else value for value in values]
    if rest:
        raise refuse_body(f"The body has {len(rest)} bytes that belong to no input")
    names = [name for name in OUTPUTS if partial or name != PROBLEM]
    wanted = names if request.outputs is UNSET else [output.name for output in request.outputs] or names
    if unknown := [name for name in wanted if name not in names]:
        raise refuse_body(f"There is no output {unknown[0][:80]!r}; there are {', '.join(names)}")
    return TensorOrder(Order(encode(turn_columns(columns)), partial), request.id, wanted)


def is_missing(value: Any) -> bool:
    """Whether a value stands for none: a tensor has no null."""
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def write_tensors(answer: BatchAnswer, wanted: TensorOrder, model: str) -> dict[str, Any]:
    """The response to a request, as JSON data: price, low and high are exact in FP64."""
    rows = answer.results
    tensors = [
        {
            "name": name,
            "datatype": OUTPUTS[name],
            "shape": [len(rows)],
            "data": [_write_value(row, name) for row in rows],
        }
        for name in wanted.outputs
    ]
    found: dict[str, Any] = {"model_name": model, "model_version": answer.model_version, "outputs": tensors}
    found["parameters"] = {"currency": answer.currency, **({"as_of": answer.as_of} if answer.as_of else {})}
    return {**found, "id": wanted.id} if wanted.id else found


def _write_value(row: Any, name: str) -> Any:
    if isinstance(row, ProblemAnswer):
        if name == PROBLEM:
            return describe_errors(row.detail, row.errors or ())
        return None if OUTPUTS[name] != BYTES else ""
    if name == PROBLEM:
        return ""
    if name == "warnings":
        return "; ".join(f"{warning.code}:{warning.field}" for warning in row.warnings)
    return getattr(row, name)


def _read_length(header_length: str | None, whole: int) -> int:
    if header_length is None:
        return whole
    if not (header_length.isascii() and header_length.isdigit() and int(header_length) <= whole):
        raise refuse_body(f"Inference-Header-Content-Length should be at most {whole}, the length of the body")
    return int(header_length)


def _read_values(tensor: _Tensor, rest: memoryview) -> tuple[list[Any], memoryview]:
    """The values of a tensor of shape [N] or [N, 1], and the bytes behind them."""
    name, shape = tensor.name[:80], tensor.shape
    if len(shape) not in (1, 2) or shape[0] < 0 or shape[1:] not in ([], [1]):
        raise refuse_body(f"The input {name!r} should have shape [N] or [N, 1] (got {shape})")
    if tensor.datatype not in CODES and tensor.datatype != BYTES:
        raise refuse_body(f"The input {name!r} should be {BYTES} or one of {', '.join(CODES)}")
    size = tensor.parameters.get("binary_data_size")
    if size is None:
        values = _flatten(tensor.data)
    elif isinstance(size, int) and 0 <= size <= len(rest) and tensor.data is UNSET:
        values, rest = list(_read_bytes(tensor, rest[:size])), rest[size:]
    else:
        raise refuse_body(f"The input {name!r} should have its binary_data_size in bytes behind the JSON, or data")
    if len(values) != shape[0]:
        raise refuse_body(
            f"The input {name!r} should have {shape[0]} values, as its shape says (got {len(values)})"
        )
    return values, rest


def _flatten(data: Any) -> list[Any]:
    if not isinstance(data, list):
        return []
    return [item[0] if isinstance(item, list) and len(item) == 1 else item for item in data]


def _read_bytes(tensor: _Tensor, data: memoryview) -> Iterator[Any]:
    """The values of a tensor that comes as bytes; texts each behind their length."""
    if tensor.datatype != BYTES:
        code = f"<{CODES[tensor.datatype]}"
        if len(data) % struct.calcsize(code):
            raise refuse_body(f"The input {tensor.name[:80]!r} does not end with a whole value")
        for (value,) in struct.iter_unpack(code, data):
            yield value
        return
    while data:
        length = LENGTH.unpack_from(data)[0] if len(data) >= LENGTH.size else len(data)
        text, data = data[LENGTH.size : LENGTH.size + length], data[LENGTH.size + length :]
        try:
            yield bytes(text).decode()
        except UnicodeDecodeError:
            raise refuse_body(f"The input {tensor.name[:80]!r} should be UTF-8") from None
