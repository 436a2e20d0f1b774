"""The stack's own key, with which rollouts, the doctor and other commands ask the replicas.

The key is in a file that only its owner may read and no container sees; its digest is among the other keys.
"""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from carprice.access.keys import PREFIX, SECRET_BYTES, digest_of, keep_key, read_keys, revoke_key
from carprice.access.scopes import SCOPES
from carprice.errors import FileError
from carprice.system.files import describe_access, read_regular

INTERNAL_NAME = "carprice-internal"
INTERNAL_FILE = "internal.key"
MAX_BYTES = 256


def read_internal_key(var_dir: Path) -> str:
    """The stack's own key; empty where there is none, or it is another user's."""
    try:
        return read_regular(var_dir / INTERNAL_FILE, MAX_BYTES).decode(errors="replace").strip()
    except OSError:
        return ""


def ensure_internal_key(var_dir: Path, folder: Path) -> str:
    """Make the stack's own key where there is none, and keep its digest among the keys of a folder; returns it.

    A digest of that name which is not this key's is replaced. Raises KeysError or FileError.
    """
    secret = read_internal_key(var_dir) or _make_key(var_dir / INTERNAL_FILE)
    kept = {key.name: key.sha256 for key in read_keys(folder)}
    if kept.get(INTERNAL_NAME) != digest_of(secret):
        if INTERNAL_NAME in kept:
            revoke_key(folder, INTERNAL_NAME)
        keep_key(folder, secret, INTERNAL_NAME, tuple(SCOPES))
    return secret


def _make_key(path: Path) -> str:
    """Write a new key whole or not at all, for its owner alone: a temporary file has that mode from the start."""
    secret = f"{PREFIX}{secrets.token_urlsafe(SECRET_BYTES)}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False) as draft:
            draft.write(f"{secret}\n")
        owner = path.parent.stat()
        with suppress(PermissionError):  # root makes it for whom the stack belongs to
            os.chown(draft.name, owner.st_uid, owner.st_gid)
        Path(draft.name).replace(path)
    except OSError as error:
        raise FileError(*describe_access(path, "written", error)) from None
    return secret
