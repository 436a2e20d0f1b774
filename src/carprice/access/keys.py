"""API keys: made here, kept as digests in keys.json of a folder that the service reads.

A key is 32 random bytes. What has so much entropy cannot be guessed from its SHA-256, so the file needs no slow
hash as passwords do: NIST SP 800-63B, section 5.1.2.2, asks for one only below 112 bits.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import msgspec

from carprice.access.scopes import SCOPES
from carprice.errors import KeysError
from carprice.names import MIB
from carprice.system.files import describe_access, open_regular, write_file
from carprice.system.locks import HeldError, hold_lock
from carprice.system.rates import Limits, parse_limits
from carprice.system.structs import convert

KEYS_FILE = "keys.json"
LOCK_FILE = ".lock"
FORMAT = 1
"""Of the file. To change it: raise it by one, and keep reading the one before for a release."""
PREFIX = "carprice_"
"""Of every key, by which a search for secrets in code finds it."""
SECRET_BYTES = 32
MAX_KEYS = 10_000
MAX_BYTES = 4 * MIB
LOCK_SECONDS = 10.0
FILE_MODE = 0o644
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


class ApiKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One key as the file has it.

    sha256: of the whole key, in hexadecimal digits. rate: such as 50/s,10000/day, empty for no limit. until: the
    last day on which it is good, of UTC; empty for no end. made: the day on which it was made.
    """

    name: Annotated[str, msgspec.Meta(pattern=f"^{NAME}$")]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    scopes: list[str]
    rate: str = ""
    until: str = ""
    made: str = ""

    @property
    def limits(self) -> Limits:
        """Requests a second and a day."""
        return parse_limits(self.rate)

    @property
    def ends_at(self) -> float | None:
        """When it is no longer good, in seconds since the epoch."""
        if not self.until:
            return None
        day = datetime.combine(date.fromisoformat(self.until), datetime.min.time(), UTC)
        return (day + timedelta(days=1)).timestamp()


class _KeyFile(msgspec.Struct):
    format: int
    keys: list[ApiKey]


def read_keys(folder: Path) -> list[ApiKey]:
    """The keys of a folder; none where it has no file of them. Raises KeysError for a damaged file."""
    path = folder / KEYS_FILE
    try:
        with open(open_regular(path, 0), "rb") as file:  # noqa: PTH123  a handle
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise KeysError(*describe_access(path, "read", error)) from None
    if len(data) > MAX_BYTES:
        raise KeysError(f"{path}: should have at most {MAX_BYTES:,} bytes (got more)", _remake(path))
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise KeysError(f"{path}: is not JSON", _remake(path)) from None
    file_format = found.get("format") if isinstance(found, dict) else None
    if file_format != FORMAT:
        raise KeysError(f"{path}: format: should be {FORMAT} (got {file_format!r})", _remake(path))
    keys = convert(found, _KeyFile, KEYS_FILE, KeysError, _remake(path)).keys
    for key in keys:
        _check_key(key, path)
    return keys


def add_key(folder: Path, name: str, scopes: Sequence[str], rate: str = "", until: str = "") -> tuple[str, ApiKey]:
    """Make a key and keep its digest: the key itself, which is nowhere else, and what is kept of it.

    Raises KeysError where the name is taken or a value is wrong, FileError where the file cannot be written.
    """
    secret = f"{PREFIX}{secrets.token_urlsafe(SECRET_BYTES)}"
    return secret, keep_key(folder, secret, name, scopes, rate, until)


def keep_key(
    folder: Path, secret: str, name: str, scopes: Sequence[str], rate: str = "", until: str = ""
) -> ApiKey:
    """Keep the digest of a key that there is. Raises as add_key does."""
    today = datetime.now(UTC).date().isoformat()
    key = ApiKey(name, digest_of(secret), list(dict.fromkeys(scopes)), rate, until, today)
    _check_key(key, folder / KEYS_FILE)
    with _change(folder) as keys:
        if any(other.name == name for other in keys):
            raise KeysError(f"There is a key {name!r} already", f"Revoke it first: ./carprice keys revoke {name}")
        if len(keys) >= MAX_KEYS:
            raise KeysError(f"There are {MAX_KEYS:,} keys already", "Revoke one: ./carprice keys revoke NAME")
        keys.append(key)
    return key


def revoke_key(folder: Path, name: str) -> ApiKey:
    """Take a key away. Raises KeysError where there is none of that name."""
    with _change(folder) as keys:
        found = next((key for key in keys if key.name == name), None)
        if found is None:
            raise KeysError(f"There is no key {name!r}", "See which there are: ./carprice keys list")
        keys.remove(found)
    return found


def digest_of(secret: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(secret.encode()).hexdigest()


@contextmanager
def _change(folder: Path) -> Iterator[list[ApiKey]]:
    """The keys, which are written again after the block; one process at a time."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with hold_lock(folder / LOCK_FILE, LOCK_SECONDS):
            keys = read_keys(folder)
            yield keys
            data = {"format": FORMAT, "keys": [msgspec.to_builtins(key) for key in keys]}
            write_file(folder / KEYS_FILE, json.dumps(data, indent=1).encode() + b"\n")
            # The service may be another user; digests are no secrets.
            (folder / KEYS_FILE).chmod(FILE_MODE)
    except HeldError:
        raise KeysError(f"{folder}: another command is changing the keys", "Try again") from None
    except OSError as error:
        raise KeysError(*describe_access(folder / KEYS_FILE, "written", error)) from None


def _check_key(key: ApiKey, path: Path) -> None:
    where = f"{path.name}: {key.name}"
    if not re.fullmatch(NAME, key.name):
        raise KeysError(f"{key.name!r} is no name: letters, digits, dots, dashes; at most 64", "")
    unknown = [scope for scope in key.scopes if scope not in SCOPES]
    if unknown or not key.scopes:
        known = ", ".join(SCOPES)
        raise KeysError(f"{where}: scopes: should be some of {known} (got {', '.join(key.scopes) or 'none'})")
    try:
        parse_limits(key.rate)
    except ValueError as error:
        raise KeysError(f"{where}: rate: {error}") from None
    try:
        _ = key.ends_at
    except (ValueError, OverflowError):
        raise KeysError(f"{where}: until: should be a day such as 2027-12-31 (got {key.until!r})") from None


def _remake(path: Path) -> str:
    return f"Restore it from a copy, or make the keys again: rm {path}, then ./carprice keys add NAME"
