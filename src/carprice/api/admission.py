"""Whether a request is answered at all: its API key, what that is for, and how often it comes.

It stands before the price, so it costs two look-ups, a count and a bucket, the first time a hash:
benchmarks/hardening.py.
"""

import os
import time
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest
from ipaddress import IPv6Address, ip_address
from math import ceil, inf
from pathlib import Path
from typing import Any, NamedTuple

from carprice.access.keys import KEYS_FILE, ApiKey, read_keys
from carprice.access.scopes import PRICE, find_scope
from carprice.api.request_log import RequestLog
from carprice.api.responses import RefusedError
from carprice.errors import KeysError
from carprice.names import PRICE_PATH
from carprice.settings import Settings
from carprice.system.rates import (
    Bucket,
    Buckets,
    Limits,
    Quota,
    day_of,
    parse_rate,
    seconds_to_midnight,
)

LOOK_SECONDS = 1.0
"""Between looks at the file: how long a revoked key is good for at most."""
INDEX_BYTES = 8
"""Of a digest, by which a key is found; the whole digest is then compared in constant time."""
MAX_VERIFIED = 10_000
REALM = 'realm="carprice"'
BEARER, BASIC = "Bearer ", "Basic "
HTML = "text/html"
OTHER = "-"
"""Stands for what is no key at all."""

NO_KEY = "This service needs an API key: Authorization: Bearer KEY"
BAD_KEY = "The API key is not known, or no longer good"
SPENT = "The API key has sent the requests of its day; there are more from midnight UTC on"
"""edge/haproxy.cfg has the same words."""


class _Known(NamedTuple):
    """A key that is good now."""

    name: str
    digest: bytes
    scopes: frozenset[str]
    limits: Limits
    bucket: Bucket | None
    quota: Quota | None


class Admission:
    """Refuses requests by the keys of a folder, if the settings name one, and by the rate of their address.

    The day of a quota is read from the clock once in LOOK_SECONDS, not for every request.
    """

    def __init__(self, settings: Settings, log: RequestLog) -> None:
        self._log = log
        self._folder = settings.api_keys_folder
        rate = parse_rate(settings.address_rate)
        self._addresses = Buckets(rate) if rate else None
        self._known: dict[bytes, _Known] = {}
        self._verified: dict[str, _Known] = {}
        self._keys: list[ApiKey] = []
        self._seen: tuple[int, ...] | None = None
        self._look_at = 0.0
        self._day = 0
        self._good_from, self._good_until = -inf, inf

    def check(self, environ: dict[str, Any], path: str, now: float) -> None:
        """Raises RefusedError with 401, 403 or 429. now: of a monotonic clock."""
        scope = PRICE if path == PRICE_PATH else find_scope(path)
        if scope is None:
            return
        if self._addresses is not None and (wait := self._addresses.take(_name_address(environ), now)):
            raise _refuse_rate(wait)
        if self._folder is None:
            return
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            self._day = day_of(time.time())
            self._look(self._folder)
        header = environ.get("HTTP_AUTHORIZATION", "")
        known = self._verified.get(header) or self._verify(header, environ)
        environ["carprice.key"] = known.name
        if scope not in known.scopes:
            raise _refuse_scope(scope)
        quota, day = known.quota, self._day
        if quota is not None and not quota.take(day):
            raise _refuse_quota()
        if known.bucket is not None and (wait := known.bucket.take(now)):
            if quota is not None:
                quota.give_back(day)
            raise _refuse_rate(wait)

    def _verify(self, header: str, environ: Mapping[str, Any]) -> _Known:
        """The key of an Authorization header; one that is good is known by the header from then on.

        A dict tells texts apart by a hash with a secret seed (PEP 456), so its time says nothing of a key.
        """
        verified = self._verified  # before the keys are read: _use changes them in the other order
        secret = _read_secret(header)
        digest = sha256(secret.encode()).digest()
        known = self._known.get(digest[:INDEX_BYTES])
        if known is None or not compare_digest(known.digest, digest):
            raise _refuse_key(environ, BAD_KEY if secret else NO_KEY)
        if len(verified) >= MAX_VERIFIED:  # a browser's user may be any name
            verified.clear()
        verified[header] = known
        return known

    def _look(self, folder: Path) -> None:
        """Read the keys again where the file is another one; find the good ones again where the clock says so.

        That is where a key has come to its end, or the clock went back to before one that had.
        """
        try:
            found = os.stat(folder / KEYS_FILE)  # noqa: PTH116  Path.stat takes twice the time
            seen: tuple[int, ...] = (found.st_mtime_ns, found.st_ino, found.st_size)
        except OSError:
            seen = ()  # no file, which is read as no keys
        if seen != self._seen:
            self._seen = seen
            self._read(folder)
        elif self._good_from <= time.time() < self._good_until:
            return
        self._use(self._keys)

    def _read(self, folder: Path) -> None:
        """A damaged file changes nothing: the keys that were known stay good, and the log has the reason."""
        try:
            self._keys = read_keys(folder)
        except KeysError as error:
            self._log.error("API keys not read", reason=error.what, fix=error.hint)

    def _use(self, keys: list[ApiKey]) -> None:
        """Index the keys that are good now; one that was known keeps its counts, if its limits are the same."""
        now = time.time()
        before = {known.digest: known for known in self._known.values()}
        good = [key for key in keys if key.ends_at is None or now < key.ends_at]
        ends = [key.ends_at for key in keys if key.ends_at is not None]
        self._good_from = max((end for end in ends if end <= now), default=-inf)
        self._good_until = min((end for end in ends if end > now), default=inf)
        self._known = {known.digest[:INDEX_BYTES]: known for known in (_know(key, before) for key in good)}
        self._verified = {}


def _know(key: ApiKey, before: Mapping[bytes, _Known]) -> _Known:
    digest, limits = bytes.fromhex(key.sha256), key.limits
    known = before.get(digest)
    if known is not None and known.limits == limits:
        bucket, quota = known.bucket, known.quota
    else:
        bucket = Bucket(limits.per_second) if limits.per_second else None
        quota = Quota(limits.per_day) if limits.per_day else None
    return _Known(key.name, digest, frozenset(key.scopes), limits, bucket, quota)


def _read_secret(header: str) -> str:
    """The key of an Authorization header: a bearer token, or the password that a browser has asked for."""
    kind = header[: len(BEARER)].lower()
    if kind == BEARER.lower():
        return header[len(BEARER) :].strip()
    if kind.startswith(BASIC.lower()):
        try:
            return b64decode(header[len(BASIC) :], validate=True).decode().partition(":")[2]
        except (Base64Error, ValueError):
            return OTHER
    return OTHER if kind.strip() else ""


def _name_address(environ: Mapping[str, Any]) -> str:
    """The address of the client; of IPv6 its network of 64 bits, whose addresses are one client's."""
    text: str = environ["REMOTE_ADDR"]
    if ":" not in text:
        return text
    address = ip_address(text)
    if isinstance(address, IPv6Address) and (inner := address.ipv4_mapped):
        return str(inner)
    return address.packed[:8].hex()


def _refuse_key(environ: Mapping[str, Any], detail: str) -> RefusedError:
    """A browser is told to ask its user for the key, by Basic; all else is to send it as a bearer token."""
    if HTML in environ.get("HTTP_ACCEPT", ""):
        challenge = f'Basic {REALM}, charset="UTF-8"'
    else:
        challenge = f"Bearer {REALM}" if detail == NO_KEY else f'Bearer {REALM}, error="invalid_token"'
    return RefusedError(401, detail, headers=(("WWW-Authenticate", challenge),))


def _refuse_scope(scope: str) -> RefusedError:
    challenge = f'Bearer {REALM}, error="insufficient_scope", scope="{scope}"'
    detail = f"The API key is not for this path, which needs the scope {scope}"
    return RefusedError(403, detail, headers=(("WWW-Authenticate", challenge),))


def _refuse_rate(seconds: float) -> RefusedError:
    detail = "More requests came than the rate allows; try again later"
    return RefusedError(429, detail, headers=(("Retry-After", str(ceil(seconds))),))


def _refuse_quota() -> RefusedError:
    return RefusedError(429, SPENT, headers=(("Retry-After", str(seconds_to_midnight(time.time()))),))
