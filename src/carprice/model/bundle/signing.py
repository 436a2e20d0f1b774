"""Signs a bundle, and makes the keys for it. Serving only verifies: signature.py."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from carprice.errors import BundleError, FileError
from carprice.model.bundle.manifest import read_file
from carprice.model.bundle.signature import (
    KEY_SUFFIX,
    MAX_KEY_BYTES,
    MAX_SIGNATURES,
    SIGNATURE,
    key_id,
    read_signatures,
    signed_bytes,
    verify_bundle,
    write_signatures,
)
from carprice.system.files import describe_access, sync_folder, write_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

NEW_KEY_HINT = "Make a pair: ./carprice sign --new-key PRIVATE.pem"


class KeyPair(NamedTuple):
    """The files of a new pair, and the id of the public key."""

    private: Path
    public: Path
    key_id: str


def load_signing_key(path: Path) -> "Ed25519PrivateKey":
    """A private key from a PEM file without a password. Raises BundleError where it is none."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        data = read_file(path, MAX_KEY_BYTES)
    except BundleError as error:
        raise BundleError(error.what, NEW_KEY_HINT) from None
    try:
        key = load_pem_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise BundleError(f"{path}: is not an ed25519 private key in PEM without a password", NEW_KEY_HINT)
    return key


def sign_bundle(folder: Path, key: "Ed25519PrivateKey") -> str:
    """Sign a bundle whose files have the manifest's digests, beside other keys' signatures; returns the key's id.

    Raises BundleError where a file is damaged, FileError where the signature cannot be written.
    """
    manifest = verify_bundle(folder, "")
    name = key_id(key.public_key())
    try:
        signatures = read_signatures(folder)
    except BundleError:
        signatures = {}  # a damaged one is replaced
    signatures = {**signatures, name: key.sign(signed_bytes(manifest))}
    if len(signatures) > MAX_SIGNATURES:
        raise BundleError(
            f"{folder / SIGNATURE}: has {MAX_SIGNATURES} signatures of other keys already",
            f"Take them away, then sign again: rm {folder / SIGNATURE}",
        )
    write_file(folder / SIGNATURE, write_signatures(signatures))
    return name


def make_keys(private: Path) -> KeyPair:
    """Write a new private key, which only its owner may read, and beside it the public one, NAME.pub.pem.

    Raises FileError where one of them exists already or cannot be written.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    public = private.with_name(f"{private.name.removesuffix(KEY_SUFFIX)}.pub{KEY_SUFFIX}")
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    shown = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _write_new(public, shown, 0o644)
    try:
        _write_new(private, secret, 0o600)
    except FileError:
        with suppress(OSError):
            public.unlink()
        raise
    return KeyPair(private, public, key_id(key.public_key()))


def _write_new(path: Path, data: bytes, mode: int) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError:
        raise FileError(
            f"{path}: exists already, and a key is never overwritten", "Name another file: --new-key FILE"
        ) from None
    except OSError as error:
        raise FileError(*describe_access(path, "written", error)) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(handle)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise FileError(*describe_access(path, "written", error)) from None
