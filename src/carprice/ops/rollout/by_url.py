"""Gates and bake of releases known by their URLs: every address behind a name is asked, without Docker."""

import socket
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from carprice.errors import BundleError, StackError
from carprice.model.bundle.manifest import find_bundle, read_manifest
from carprice.names import DOCTOR_HINT, IMAGE_MODEL, LOG_HINT, STATUS_PATH
from carprice.ops.limits import STATUS_SECONDS, Limits
from carprice.ops.metrics import read_requests
from carprice.ops.requests import RequestStats
from carprice.ops.rollout.bake import check_errors, check_latency, check_prices, read_prices
from carprice.ops.rollout.gates import GateError, check_contract, check_golden, check_identity
from carprice.ops.rollout.shadow import check_shift, fetch_sample, fill_sample, measure_shift
from carprice.ops.rollout.warmup import find_healthy, warm_up
from carprice.settings import Settings
from carprice.system.http import Address

LOOK_SECONDS = 1.0
WINDOW_LOOKS = 3
PORTS = {"http": 80, "https": 443}
READ_LOG = "Read the log of that replica"
ACCEPT = "./carprice rollout --accept-price-shift"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Expected:
    """What the candidate should be; what is empty is not compared. digest: the SHA-256 of model.pkl."""

    release: str = ""
    model: str = ""
    digest: str = ""


def resolve(url: str, key: str = "", look_up: Callable[..., Any] = socket.getaddrinfo) -> list[Address]:
    """Every address behind the host of http://host:port, by address. Raises StackError naming the URL."""
    parts = urlsplit(url)
    try:
        host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        host, port = "", 0
    if not host or not port or parts.scheme not in PORTS or parts.path not in ("", "/") or parts.query:
        raise StackError(f"{url!r}: should be a URL such as http://host:5000")
    try:
        found = look_up(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise StackError(f"{url}: {host!r} has no address ({error})") from None
    ips = sorted({str(item[4][0]) for item in found})
    is_tls = parts.scheme == "https"
    return [Address(ip, port, _name(host, ip, port), key, is_tls=is_tls) for ip in ips]


def pass_gates(
    candidate: Sequence[Address],
    live: Sequence[Address],
    expected: Expected,
    settings: Settings,
    limits: Limits,
    say: Say,
    *,
    accept_price_shift: bool = False,
) -> None:
    """Every gate of a rollout before its switch, against every candidate. Raises GateError."""
    version = "" if expected.model == IMAGE_MODEL else expected.model
    with _gate("identity", say):
        check_identity(candidate, expected.release, version, expected.digest or None)
    with _gate("warm-up", say):
        warm_up(limits, candidate)
    reference = find_healthy(live)
    if live and not reference:
        say("No live address answers as it should, so nothing is compared with it")
    with _gate("contract", say):
        check_contract(candidate, reference)
    golden = _read_golden(settings, version, expected.digest, say)
    if golden:
        with _gate("golden", say):
            check_golden(candidate, golden)
    if reference:
        with _gate("shadow", say):
            listings = fill_sample(fetch_sample(live, limits.shadow_listings), golden, reference)
            shift = measure_shift(reference, candidate[0], listings)
            for line in shift.table().splitlines():
                say(line)
            if not accept_price_shift:
                check_shift(shift, limits)


def watch_live(
    live: Sequence[Address],
    old: Sequence[Address],
    limits: Limits,
    say: Say,
    *,
    accept_price_shift: bool = False,
) -> None:
    """Watch errors, latency and health for the bake's time, then the mean price.

    old: the set before, where it is still warm; without it, or without requests of its, times and prices have
    nothing to be compared with. Raises GateError at the first trouble.
    """
    with _gate("bake", say):
        uptimes = [_check_health(address, 0.0) for address in live]
        before, old_prices = _count(old), read_prices(old)
        first, first_prices = _count(live), read_prices(live)
        recent: deque[RequestStats] = deque(maxlen=WINDOW_LOOKS)
        end = time.monotonic() + limits.bake
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(LOOK_SECONDS, left))
            uptimes = [_check_health(*item) for item in zip(live, uptimes, strict=True)]
            seen = _count(live).since(first)
            check_errors(seen, limits)
            check_errors(seen.since(recent[0] if recent else RequestStats()), limits)
            recent.append(seen)
            check_latency(seen, before, limits)
        if not accept_price_shift:
            check_prices(old_prices, read_prices(live).since(first_prices), limits)


@contextmanager
def _gate(name: str, say: Say) -> Iterator[None]:
    """Say the gate when it is passed; whatever stops it is a GateError with its name, without the next step.

    That is said before, so that the gate's own line is the last.
    """
    started = time.monotonic()
    try:
        yield
    except StackError as error:
        hint = READ_LOG if error.hint in (LOG_HINT, DOCTOR_HINT) else error.hint
        if hint:
            say(hint.replace(ACCEPT, "--accept-price-shift"))
        if isinstance(error, GateError):
            raise GateError(error.gate, error.what.removeprefix(f"Gate {error.gate}: "), "") from None
        raise GateError(name, error.what, "") from None
    say(f"Gate {name}: passed ({time.monotonic() - started:.1f} s)")


def _check_health(address: Address, uptime: float) -> float:
    """How long a replica has been up: longer than at the last look. Raises StackError where it is not healthy."""
    try:
        reply = address.ask("GET", STATUS_PATH, seconds=STATUS_SECONDS)
    except OSError as error:
        raise StackError(f"{address.name} is not healthy any more: no answer ({error})", LOG_HINT) from None
    if reply.status != 200:
        what = f"{reply.status} {reply.detail()}".rstrip()
        raise StackError(f"{address.name} is not healthy any more: {what}", LOG_HINT)
    status = reply.json()
    now = float(status.get("uptime_seconds", 0.0)) if isinstance(status, dict) else 0.0
    if now < uptime:
        raise StackError(f"{address.name} was started again {now:.0f} s ago", LOG_HINT)
    return now


def _count(addresses: Sequence[Address]) -> RequestStats:
    total = RequestStats()
    for address in addresses:
        found = read_requests(address)
        total.requests += found.requests
        total.failed += found.failed
        total.took.update(found.took)
    return total


def _read_golden(settings: Settings, version: str, digest: str, say: Say) -> Sequence[Mapping[str, Any]]:
    """The golden listings of the bundle, where it is here too. Raises GateError for another one of that name."""
    if not version:
        return []
    try:
        manifest = read_manifest(find_bundle(settings.artifacts_dir, version))
    except BundleError:
        say(f"{settings.artifacts_dir} has no bundle {version}: its golden listings are not compared here")
        return []
    found = manifest["files"]["model.pkl"]["sha256"]
    if digest and found != digest:
        what = f"{settings.artifacts_dir}: {version} should have SHA-256 {digest[:12]} (got {found[:12]})"
        raise GateError("golden", what, "")
    golden: Sequence[Mapping[str, Any]] = manifest["golden"]
    return golden


def _name(host: str, ip: str, port: int) -> str:
    where = f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
    return where if host == ip else f"{host} ({where})"
