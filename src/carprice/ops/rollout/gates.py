"""The gates before the switch, each against every candidate replica directly."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from carprice.errors import StackError
from carprice.names import (
    ALIVE_PATH,
    BATCH_PATH,
    DOCTOR_HINT,
    FEATURES_PATH,
    LISTING_SCHEMA,
    LOG_HINT,
    METRICS_PATH,
    MODEL_PATH,
    OPENAPI_PATH,
    PRICE_PATH,
    READY_PATH,
    STATUS_PATH,
)
from carprice.system.http import Address, Reply

INFO_PATHS = (STATUS_PATH, FEATURES_PATH, MODEL_PATH, ALIVE_PATH, READY_PATH, METRICS_PATH, "/")
GOLDEN_AMOUNTS = ("price", "low", "high")
GOLDEN_UNITS = 1
SHOWN = 3


class GateError(StackError):
    """A gate refuses the candidate: which gate, the figure, the limit, the next step."""

    def __init__(self, gate: str, what: str, hint: str) -> None:
        super().__init__(f"Gate {gate}: {what}", hint)
        self.gate = gate


@dataclass(frozen=True)
class BadRequest:
    """A request that must be refused, and how."""

    name: str
    path: str
    body: bytes | None
    status: int
    method: str = "POST"


BAD_REQUESTS = (
    BadRequest("malformed JSON", PRICE_PATH, b"{", 400),
    BadRequest("an empty listing", PRICE_PATH, b"{}", 422),
    BadRequest("an unknown field", PRICE_PATH, b'{"no_such_field": 1}', 422),
    BadRequest("a batch that is no list", BATCH_PATH, b"{}", 422),
    BadRequest("a path that is none", "/no/such/path", None, 404, "GET"),
    BadRequest("a method that is none", PRICE_PATH, None, 405, "GET"),
)


def check_identity(addresses: Sequence[Address], name: str, version: str, digest: str | None) -> None:
    """Every replica must be the release of that name, with one model, and that model the bundle's.

    An empty name, version or digest is not compared. Raises GateError.
    """
    digests = set()
    for address in addresses:
        status = _ask_json(address, "identity", STATUS_PATH)
        if name and status.get("release") != name:
            raise _wrong_identity(address, "release", name, status.get("release"))
        if version and status.get("model_version") != version:
            raise _wrong_identity(address, "model version", version, status.get("model_version"))
        files = _ask_json(address, "identity", MODEL_PATH).get("files", {})
        digests.add(files.get("model.pkl", {}).get("sha256"))
    if len(digests) != 1 or (digest and digests != {digest}):
        found = ", ".join(sorted(str(item)[:12] for item in digests))
        wanted = f"SHA-256 {digest[:12]}" if digest else "the same SHA-256 everywhere"
        raise GateError(
            "identity",
            f"model.pkl should have {wanted} (got {found})",
            DOCTOR_HINT,
        )


def check_contract(addresses: Sequence[Address], live: Address | None) -> None:
    """Every endpoint must answer, good input with a price, bad input with its problem, and lose no member.

    What the live release answers the candidate must answer too: clients rely on every member. Raises GateError.
    """
    wanted = _read_shapes(live) if live else {}
    for address in addresses:
        shapes = _read_shapes(address)
        for path, members in wanted.items():
            if lost := members - shapes[path]:
                raise GateError(
                    "contract",
                    f"{address.name}: {path} should have {_name_some(lost)} as the live release has (got none)",
                    "Keep the members that clients rely on",
                )
        for bad in BAD_REQUESTS:
            _check_refusal(address, bad)


def check_golden(addresses: Sequence[Address], golden: Sequence[Mapping[str, Any]]) -> None:
    """Every golden listing of the bundle must come out over HTTP as it did in training. Raises GateError."""
    listings = [item["listing"] for item in golden]
    for address in addresses:
        data = _ask(address, "golden", "POST", BATCH_PATH, listings).json()
        results = read_trained(data)
        if len(results) != len(golden):
            raise GateError(
                "golden",
                f"{address.name}: {len(results)} of {len(golden)} golden listings priced",
                LOG_HINT,
            )
        for shift in list_golden_shifts(golden, results):
            raise GateError(
                "golden",
                f"{address.name}: {shift}",
                "The bundle does not price as in training; train again: ./carprice train",
            )


def read_trained(answer: Any) -> list[dict[str, Any]]:
    """The results of a batch answer, at the level of the training: feedback may have moved it."""
    if not isinstance(answer, dict):
        return []
    factor = 1 + answer.get("index_moved", 0.0)
    return [
        {**item, **{key: item[key] / factor for key in GOLDEN_AMOUNTS if key in item}}
        for item in answer.get("results", [])
    ]


def list_golden_shifts(golden: Sequence[Mapping[str, Any]], results: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Each amount of a golden listing that a batch answer's result does not give as in training."""
    for number, (item, result) in enumerate(zip(golden, results, strict=False)):
        for key in GOLDEN_AMOUNTS:
            if abs(result.get(key, 0) - item[key]) > GOLDEN_UNITS:
                yield f"golden[{number}].{key}: should be {item[key]:.0f} (got {result.get(key, 0):.0f})"


def example_listing(address: Address) -> dict[str, Any]:
    """A listing that the address's own OpenAPI document gives as an example. Raises GateError."""
    document = _ask_json(address, "contract", OPENAPI_PATH)
    try:
        listing: dict[str, Any] = document["components"]["schemas"][LISTING_SCHEMA]["examples"][0]
    except (KeyError, IndexError, TypeError):
        raise GateError("contract", f"{address.name}: its OpenAPI document has no example listing", "") from None
    return listing


def _check_refusal(address: Address, bad: BadRequest) -> None:
    reply = _ask_any(address, "contract", bad.method, bad.path, bad.body)
    is_problem = reply.headers.get("content-type", "").startswith("application/problem+json")
    if reply.status != bad.status or not is_problem:
        raise GateError(
            "contract",
            f"{address.name}: {bad.name} at {bad.path} should be problem {bad.status} (got {reply.status})",
            LOG_HINT,
        )


def _read_shapes(address: Address) -> dict[str, set[str]]:
    """The members of each endpoint's answer, and those that the OpenAPI document promises."""
    listing = example_listing(address)
    shapes = {path: _shape_of(address, "GET", path) for path in INFO_PATHS}
    for path in (PRICE_PATH, f"{PRICE_PATH}?explain=1"):
        shapes[path] = _shape_of(address, "POST", path, listing)
    # An empty listing stands for a bad row: it must not fail the others.
    shapes[BATCH_PATH] = _shape_of(address, "POST", BATCH_PATH, [listing, {}])
    shapes[OPENAPI_PATH] = promises_of(_ask_json(address, "contract", OPENAPI_PATH))
    return shapes


def promises_of(document: Mapping[str, Any]) -> set[str]:
    """The operations of an OpenAPI document and the members of their answers; listings are the model's matter."""
    promises = {
        f"{method.upper()} {path}" for path, methods in document.get("paths", {}).items() for method in methods
    }
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        if name != LISTING_SCHEMA:
            promises |= {f"{name}.{member}" for member in schema.get("properties", {})}
    return promises


def _shape_of(address: Address, method: str, path: str, body: Any = None) -> set[str]:
    data = _ask(address, "contract", method, path, body).json()
    members = set(data) if isinstance(data, dict) else set()
    for key, value in data.items() if isinstance(data, dict) else ():
        for item in value if key == "results" else ():
            members |= {f"{key}.{member}" for member in item}
    return members


def _ask_json(address: Address, gate: str, path: str) -> dict[str, Any]:
    data = _ask(address, gate, "GET", path).json()
    return data if isinstance(data, dict) else {}


def _ask(address: Address, gate: str, method: str, path: str, body: Any = None) -> Reply:
    reply = _ask_any(address, gate, method, path, body)
    if reply.status != 200:
        raise GateError(
            gate,
            f"{address.name}: {method} {path} should answer 200 (got {reply.status}) {reply.detail()}".rstrip(),
            LOG_HINT,
        )
    return reply


def _ask_any(address: Address, gate: str, method: str, path: str, body: Any) -> Reply:
    try:
        return address.ask_in_turn(method, path, body)
    except OSError as error:
        raise GateError(
            gate,
            f"{address.name}: {method} {path} got no answer ({error})",
            LOG_HINT,
        ) from None


def _name_some(names: set[str]) -> str:
    ordered = sorted(names)
    return ", ".join(ordered[:SHOWN]) + (f" and {len(ordered) - SHOWN} more" if len(ordered) > SHOWN else "")


def _wrong_identity(address: Address, what: str, expected: str, found: Any) -> GateError:
    return GateError(
        "identity",
        f"{address.name}: {what} should be {expected} (got {found})",
        DOCTOR_HINT,
    )
