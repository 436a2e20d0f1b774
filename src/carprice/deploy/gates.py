"""The gates before the switch, each against every candidate replica directly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from carprice.deploy.release import Release
from carprice.deploy.replicas import Replica, Reply
from carprice.errors import StackError

PRICE_PATH = "/predict/price"
BATCH_PATH = "/predict/batch"
INFO_PATHS = (
    "/info/status",
    "/info/features",
    "/info/model",
    "/api/openapi.json",
    "/livez",
    "/readyz",
    "/metrics",
    "/",
)
GOLDEN_UNITS = 1


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
    body: bytes
    status: int


BAD_REQUESTS = (
    BadRequest("malformed JSON", PRICE_PATH, b"{", 400),
    BadRequest("an empty listing", PRICE_PATH, b"{}", 422),
    BadRequest("an unknown field", PRICE_PATH, b'{"no_such_field": 1}', 422),
    BadRequest("a batch that is no list", BATCH_PATH, b"{}", 422),
)


def check_identity(replicas: Sequence[Replica], release: Release, digest: str | None) -> None:
    """Every replica must be the release, with one model, and that model the bundle's."""
    digests = set()
    for replica in replicas:
        status = _ask_json(replica, "identity", "/info/status")
        if status.get("release") != release.name:
            raise _wrong_identity(replica, "release", release.name, status.get("release"))
        if release.model and status.get("model_version") != release.model:
            raise _wrong_identity(replica, "model version", release.model, status.get("model_version"))
        files = _ask_json(replica, "identity", "/info/model").get("files", {})
        digests.add(files.get("model.pkl", {}).get("sha256"))
    if len(digests) != 1 or (digest and digests != {digest}):
        found = ", ".join(sorted(str(item)[:12] for item in digests))
        raise GateError(
            "identity",
            f"model.pkl should have SHA-256 {(digest or 'the same everywhere')[:12]} (got {found})",
            "Find out more: ./carprice doctor",
        )


def check_contract(replicas: Sequence[Replica], live: Replica | None) -> None:
    """Every endpoint must answer, good input with a price, bad input with its problem, and lose no field."""
    for replica in replicas:
        listing = example_listing(replica)
        shapes = {path: _shape_of(replica, "GET", path) for path in INFO_PATHS}
        shapes[PRICE_PATH] = _shape_of(replica, "POST", PRICE_PATH, listing)
        shapes["/predict/price?explain=1"] = _shape_of(replica, "POST", "/predict/price?explain=1", listing)
        shapes[BATCH_PATH] = _shape_of(replica, "POST", BATCH_PATH, [listing, {}])
        for bad in BAD_REQUESTS:
            _check_refusal(replica, bad)
        _check_content_type(replica)
        if live:
            _check_shapes(replica, shapes, live)


def check_golden(replicas: Sequence[Replica], golden: Sequence[Mapping[str, Any]]) -> None:
    """Every golden listing of the bundle must come out over HTTP as it did in training."""
    for replica in replicas:
        reply = _ask(replica, "golden", "POST", BATCH_PATH, [item["listing"] for item in golden])
        results = (reply.json() or {}).get("results", [])
        for number, (item, result) in enumerate(zip(golden, results, strict=False)):
            for key in ("price", "low", "high"):
                if abs(result.get(key, 0) - item[key]) > GOLDEN_UNITS:
                    raise GateError(
                        "golden",
                        f"{replica.name}: golden[{number}].{key}: {result.get(key)}, should be {item[key]:.0f}",
                        "The bundle does not price as in training; train again: ./carprice train",
                    )
        if len(results) != len(golden):
            raise GateError(
                "golden", f"{replica.name}: {len(results)} of {len(golden)} golden listings priced", ""
            )


def example_listing(replica: Replica) -> dict[str, Any]:
    """A listing that the replica's own OpenAPI document gives as an example."""
    document = _ask_json(replica, "contract", "/api/openapi.json")
    try:
        listing: dict[str, Any] = document["components"]["schemas"]["Listing"]["examples"][0]
    except (KeyError, IndexError, TypeError):
        raise GateError("contract", f"{replica.name}: its OpenAPI document has no example listing", "") from None
    return listing


def _check_refusal(replica: Replica, bad: BadRequest) -> None:
    reply = _ask_any(replica, "contract", "POST", bad.path, bad.body)
    is_problem = reply.headers.get("content-type", "").startswith("application/problem+json")
    if reply.status != bad.status or not is_problem:
        raise GateError(
            "contract",
            f"{replica.name}: {bad.name} at {bad.path} should be problem {bad.status} (got {reply.status})",
            f"See its log: docker logs {replica.name}",
        )


def _check_content_type(replica: Replica) -> None:
    reply = _ask_any(replica, "contract", "GET", "/no/such/path", None)
    if reply.status != 404:
        raise GateError("contract", f"{replica.name}: an unknown path should be 404 (got {reply.status})", "")


def _check_shapes(replica: Replica, shapes: Mapping[str, set[str]], live: Replica) -> None:
    """What the live release answers, the candidate must answer too: clients rely on every member."""
    paths = [path for path in shapes if path in INFO_PATHS[:3]]
    for path in paths:
        lost = _shape_of(live, "GET", path) - shapes[path]
        if lost:
            raise GateError(
                "contract",
                f"{replica.name}: {path} should have {', '.join(sorted(lost))} as the live release has (got none)",
                "Keep the members that clients rely on",
            )


def _shape_of(replica: Replica, method: str, path: str, body: Any = None) -> set[str]:
    data = _ask(replica, "contract", method, path, body).json()
    return set(data) if isinstance(data, dict) else set()


def _ask_json(replica: Replica, gate: str, path: str) -> dict[str, Any]:
    data = _ask(replica, gate, "GET", path).json()
    return data if isinstance(data, dict) else {}


def _ask(replica: Replica, gate: str, method: str, path: str, body: Any = None) -> Reply:
    reply = _ask_any(replica, gate, method, path, body)
    if reply.status != 200:
        detail = (reply.json() or {}).get("detail", "") if reply.content[:1] == b"{" else ""
        raise GateError(
            gate,
            f"{replica.name}: {method} {path} should answer 200 (got {reply.status}) {detail}".rstrip(),
            f"See its log: docker logs {replica.name}",
        )
    return reply


def _ask_any(replica: Replica, gate: str, method: str, path: str, body: Any) -> Reply:
    try:
        return replica.ask(method, path, body)
    except OSError as error:
        raise GateError(
            gate,
            f"{replica.name}: {method} {path} got no answer ({error})",
            f"See its log: docker logs {replica.name}",
        ) from None


def _wrong_identity(replica: Replica, what: str, expected: str, found: Any) -> GateError:
    return GateError(
        "identity",
        f"{replica.name}: {what} should be {expected} (got {found})",
        "Find out more: ./carprice doctor",
    )
