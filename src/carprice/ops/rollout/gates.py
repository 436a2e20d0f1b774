"""The gates before the switch, each against every candidate replica directly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from carprice.errors import StackError
from carprice.ops.docker.env_file import Release
from carprice.ops.docker.replicas import SEE_LOG, Replica, Reply

PRICE_PATH = "/predict/price"
BATCH_PATH = "/predict/batch"
INFO_PATHS = (
    "/info/status",
    "/info/features",
    "/info/model",
    "/livez",
    "/readyz",
    "/metrics",
    "/",
)
OPENAPI_PATH = "/api/openapi.json"
LISTING = "Listing"
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


def check_identity(replicas: Sequence[Replica], release: Release, digest: str | None) -> None:
    """Every replica must be the release, with one model, and that model the bundle's."""
    digests = set()
    for replica in replicas:
        status = _ask_json(replica, "identity", "/info/status")
        if status.get("release") != release.name:
            raise _wrong_identity(replica, "release", release.name, status.get("release"))
        if release.bundle and status.get("model_version") != release.bundle:
            raise _wrong_identity(replica, "model version", release.bundle, status.get("model_version"))
        files = _ask_json(replica, "identity", "/info/model").get("files", {})
        digests.add(files.get("model.pkl", {}).get("sha256"))
    if len(digests) != 1 or (digest and digests != {digest}):
        found = ", ".join(sorted(str(item)[:12] for item in digests))
        wanted = f"SHA-256 {digest[:12]}" if digest else "the same SHA-256 everywhere"
        raise GateError(
            "identity",
            f"model.pkl should have {wanted} (got {found})",
            "Find out more: ./carprice doctor",
        )


def check_contract(replicas: Sequence[Replica], live: Replica | None) -> None:
    """Every endpoint must answer, good input with a price, bad input with its problem, and lose no member.

    What the live release answers the candidate must answer too: clients rely on every member.
    """
    wanted = _read_shapes(live) if live else {}
    for replica in replicas:
        shapes = _read_shapes(replica)
        for path, members in wanted.items():
            if lost := members - shapes[path]:
                raise GateError(
                    "contract",
                    f"{replica.name}: {path} should have {_name_some(lost)} as the live release has (got none)",
                    "Keep the members that clients rely on",
                )
        for bad in BAD_REQUESTS:
            _check_refusal(replica, bad)


def check_golden(replicas: Sequence[Replica], golden: Sequence[Mapping[str, Any]]) -> None:
    """Every golden listing of the bundle must come out over HTTP as it did in training."""
    listings = [item["listing"] for item in golden]
    for replica in replicas:
        data = _ask(replica, "golden", "POST", BATCH_PATH, listings).json()
        results = data.get("results", []) if isinstance(data, dict) else []
        if len(results) != len(golden):
            raise GateError(
                "golden",
                f"{replica.name}: {len(results)} of {len(golden)} golden listings priced",
                SEE_LOG,
            )
        for number, (item, result) in enumerate(zip(golden, results, strict=True)):
            for key in ("price", "low", "high"):
                if abs(result.get(key, 0) - item[key]) > GOLDEN_UNITS:
                    raise GateError(
                        "golden",
                        f"{replica.name}: golden[{number}].{key}: {result.get(key)}, should be {item[key]:.0f}",
                        "The bundle does not price as in training; train again: ./carprice train",
                    )


def example_listing(replica: Replica) -> dict[str, Any]:
    """A listing that the replica's own OpenAPI document gives as an example."""
    document = _ask_json(replica, "contract", OPENAPI_PATH)
    try:
        listing: dict[str, Any] = document["components"]["schemas"][LISTING]["examples"][0]
    except (KeyError, IndexError, TypeError):
        raise GateError("contract", f"{replica.name}: its OpenAPI document has no example listing", "") from None
    return listing


def _check_refusal(replica: Replica, bad: BadRequest) -> None:
    reply = _ask_any(replica, "contract", bad.method, bad.path, bad.body)
    is_problem = reply.headers.get("content-type", "").startswith("application/problem+json")
    if reply.status != bad.status or not is_problem:
        raise GateError(
            "contract",
            f"{replica.name}: {bad.name} at {bad.path} should be problem {bad.status} (got {reply.status})",
            SEE_LOG,
        )


def _read_shapes(replica: Replica) -> dict[str, set[str]]:
    """The members of each endpoint's answer, and those that the OpenAPI document promises."""
    listing = example_listing(replica)
    shapes = {path: _shape_of(replica, "GET", path) for path in INFO_PATHS}
    for path in (PRICE_PATH, f"{PRICE_PATH}?explain=1"):
        shapes[path] = _shape_of(replica, "POST", path, listing)
    # An empty listing stands for a bad row: it must not fail the others.
    shapes[BATCH_PATH] = _shape_of(replica, "POST", BATCH_PATH, [listing, {}])
    shapes[OPENAPI_PATH] = promises_of(_ask_json(replica, "contract", OPENAPI_PATH))
    return shapes


def promises_of(document: Mapping[str, Any]) -> set[str]:
    """The operations of an OpenAPI document and the members of their answers; listings are the model's matter."""
    promises = {
        f"{method.upper()} {path}" for path, methods in document.get("paths", {}).items() for method in methods
    }
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        if name != LISTING:
            promises |= {f"{name}.{member}" for member in schema.get("properties", {})}
    return promises


def _shape_of(replica: Replica, method: str, path: str, body: Any = None) -> set[str]:
    data = _ask(replica, "contract", method, path, body).json()
    members = set(data) if isinstance(data, dict) else set()
    for key, value in data.items() if isinstance(data, dict) else ():
        for item in value if key == "results" else ():
            members |= {f"{key}.{member}" for member in item}
    return members


def _ask_json(replica: Replica, gate: str, path: str) -> dict[str, Any]:
    data = _ask(replica, gate, "GET", path).json()
    return data if isinstance(data, dict) else {}


def _ask(replica: Replica, gate: str, method: str, path: str, body: Any = None) -> Reply:
    reply = _ask_any(replica, gate, method, path, body)
    if reply.status != 200:
        raise GateError(
            gate,
            f"{replica.name}: {method} {path} should answer 200 (got {reply.status}) {reply.detail()}".rstrip(),
            SEE_LOG,
        )
    return reply


def _ask_any(replica: Replica, gate: str, method: str, path: str, body: Any) -> Reply:
    try:
        return replica.ask_in_turn(method, path, body)
    except OSError as error:
        raise GateError(
            gate,
            f"{replica.name}: {method} {path} got no answer ({error})",
            SEE_LOG,
        ) from None


def _name_some(names: set[str]) -> str:
    ordered = sorted(names)
    return ", ".join(ordered[:SHOWN]) + (f" and {len(ordered) - SHOWN} more" if len(ordered) > SHOWN else "")


def _wrong_identity(replica: Replica, what: str, expected: str, found: Any) -> GateError:
    return GateError(
        "identity",
        f"{replica.name}: {what} should be {expected} (got {found})",
        "Find out more: ./carprice doctor",
    )
