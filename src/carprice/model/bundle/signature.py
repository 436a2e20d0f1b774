"""Who made a bundle: the signatures in manifest.sig, and the public keys that are trusted.

Signed is the manifest as it is read, without its key `mlflow`, which is added after the training; through the
digests in it all other files are signed too. A line of manifest.sig is a key's id and the signature in base64: a
bundle may have several, so that an old and a new key can be used beside each other.
"""

import hashlib
import json
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carprice.errors import BundleError
from carprice.model.bundle.manifest import RETRAIN, is_there, read_file, read_manifest, verify_files

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SIGNATURE = "manifest.sig"
TRUSTED_KEYS = "CARPRICE_TRUSTED_KEYS"
KEY_SUFFIX = ".pem"
ID_DIGITS = 16
MAX_SIGNATURES = 16
MAX_SIGNATURE_BYTES = 1 << 13
MAX_KEY_BYTES = 1 << 13
UNSIGNED_KEYS = frozenset(("mlflow",))
_KEY_ID = re.compile(f"[0-9a-f]{{{ID_DIGITS}}}")
_CONTEXT = b"carprice manifest 1\n"
"""Before what is signed, so that the same key's signature of anything else is none of a manifest."""


def read_trusted_manifest(folder: Path, trusted: str) -> dict[str, Any]:
    """The manifest of a bundle folder, signed by a key in the folder of trusted ones; any, where that is empty.

    Raises BundleError for a missing or damaged manifest, one that no trusted key signed, and for keys that cannot
    be used.
    """
    manifest = read_manifest(folder)
    if trusted:
        _check_signature(folder, manifest, trusted)
    return manifest


def verify_bundle(folder: Path, trusted: str) -> dict[str, Any]:
    """The manifest of a bundle that is signed, and whose files have their sizes and digests.

    trusted: as for read_trusted_manifest. Raises BundleError naming the file.
    """
    manifest = read_trusted_manifest(folder, trusted)
    verify_files(folder, manifest)
    return manifest


def signed_bytes(manifest: Mapping[str, Any]) -> bytes:
    """What is signed: the manifest's values in one way of writing them, whatever its file's spaces and order.

    Raises BundleError where they are too deep to be written.
    """
    values = {key: value for key, value in manifest.items() if key not in UNSIGNED_KEYS}
    try:
        return _CONTEXT + json.dumps(values, sort_keys=True, separators=(",", ":")).encode()
    except RecursionError:
        raise BundleError("manifest.json: has too many lists and objects in each other", RETRAIN) from None


def read_signatures(folder: Path) -> dict[str, bytes]:
    """The signatures of a bundle by the ids of their keys. Raises BundleError for a damaged manifest.sig."""
    path = folder / SIGNATURE
    if not is_there(path):
        return {}
    lines = read_file(path, MAX_SIGNATURE_BYTES).decode(errors="replace").splitlines()
    if len(lines) > MAX_SIGNATURES:
        raise BundleError(
            f"{path}: should have at most {MAX_SIGNATURES} lines (got {len(lines)})", _sign_hint(folder)
        )
    try:
        signatures = {name: b64decode(text, validate=True) for name, text in map(str.split, lines)}
    except (ValueError, Base64Error):
        signatures = {"": b""}
    if not all(map(_KEY_ID.fullmatch, signatures)):
        raise BundleError(f"{path}: should have a key's id and a signature in each line", _sign_hint(folder))
    return signatures


def write_signatures(signatures: Mapping[str, bytes]) -> bytes:
    """The contents of manifest.sig."""
    return "".join(f"{name} {b64encode(data).decode()}\n" for name, data in sorted(signatures.items())).encode()


def key_id(key: "Ed25519PublicKey") -> str:
    """The first digits of the SHA-256 of a public key's 32 bytes."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:ID_DIGITS]


def load_trusted_keys(trusted: str) -> dict[str, "Ed25519PublicKey"]:
    """The public keys of a folder by their ids, each a file NAME.pem. Raises BundleError where there is none."""
    folder = Path(trusted)
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == KEY_SUFFIX)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BundleError(f"{TRUSTED_KEYS}: {folder} cannot be read ({reason})", _trust_hint(folder)) from None
    keys = [_read_public_key(path) for path in paths]
    if not keys:
        raise BundleError(f"{TRUSTED_KEYS}: {folder} has no public key NAME{KEY_SUFFIX}", _trust_hint(folder))
    return {key_id(key): key for key in keys}


def _check_signature(folder: Path, manifest: Mapping[str, Any], trusted: str) -> None:
    from cryptography.exceptions import InvalidSignature  # takes 14 MB and 0.1 s: only where keys are trusted

    path = folder / SIGNATURE
    keys, signatures = load_trusted_keys(trusted), read_signatures(folder)
    if not signatures:
        raise BundleError(f"{path}: is missing or empty, and {TRUSTED_KEYS} is set", _sign_hint(folder))
    known = sorted(keys.keys() & signatures.keys())
    if not known:
        raise BundleError(
            f"{path}: is signed by {', '.join(signatures)}; trusted by {trusted} are {', '.join(keys)}",
            f"{_sign_hint(folder)}; or trust its key: put its public key into {trusted}",
        )
    for name in known:
        try:
            keys[name].verify(signatures[name], signed_bytes(manifest))
        except InvalidSignature:
            continue
        return
    raise BundleError(
        f"{path}: the signature by {', '.join(known)} is not of this manifest: one of both was changed",
        f"Do not use this bundle unless you know who changed it and why; then: {_sign_hint(folder)}",
    )


def _read_public_key(path: Path) -> "Ed25519PublicKey":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    data = read_file(path, MAX_KEY_BYTES)
    if b"PRIVATE KEY" in data:
        raise BundleError(
            f"{path}: is a private key, which whoever reads this folder could sign with",
            f"Move it away: mv {path} FOLDER; leave only the public one: ./carprice sign --new-key FILE",
        )
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise BundleError(f"{path}: is not an ed25519 public key in PEM", _trust_hint(path.parent))
    return key


def _sign_hint(folder: Path) -> str:
    return f"Sign it, if you trust it: ./carprice sign {folder.name} --key PRIVATE.pem"


def _trust_hint(folder: Path) -> str:
    return (
        f"Make a pair: ./carprice sign --new-key PRIVATE.pem, then: cp PRIVATE.pub.pem {folder}/; "
        f"or trust every bundle: unset {TRUSTED_KEYS}"
    )
