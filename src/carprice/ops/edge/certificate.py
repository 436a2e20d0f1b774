"""The certificate and key of a folder: read, and checked as far as that goes without asking anybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from carprice.errors import StackError
from carprice.system.files import describe_access

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

TLS = "CARPRICE_TLS"
PAIRS = (("fullchain.pem", "privkey.pem"), ("tls.crt", "tls.key"))
"""The names of certificate and key, as Certbot and as Kubernetes have them."""
SOON_DAYS = 30
MAX_FILE_BYTES = 1 << 20
MAX_PEM_BYTES = 15_000
"""The edge takes a new certificate as one command, which its buffer of 16 KB has to hold."""


@dataclass(frozen=True)
class Certificate:
    """A certificate that fits its key. names: the hosts. fingerprint: SHA-1 in hexadecimal, as HAProxy shows it.

    pem: key and chain in one. is_alone: it was issued by another, whose certificate is not there.
    """

    names: tuple[str, ...]
    ends: datetime
    fingerprint: str
    pem: bytes
    is_alone: bool

    def days_left(self, now: datetime) -> int:
        """Whole days until its end."""
        return (self.ends - now) // timedelta(days=1)


def load_certificate(folder: Path, now: datetime | None = None) -> Certificate:
    """The certificate of a folder. Raises StackError where it is missing, ended, or not of its key or chain."""
    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    chain_file, key_file = _find_pair(folder)
    chain, key = _read_chain(chain_file), _read_key(key_file)
    own = chain[0]
    _check_key(chain, key, chain_file, key_file)
    _check_order(chain, chain_file)
    _check_days(own, chain_file, now or datetime.now(UTC))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem = secret + b"".join(each.public_bytes(Encoding.PEM) for each in chain)
    if len(pem) > MAX_PEM_BYTES:
        raise StackError(
            f"{chain_file}: with its key it has {len(pem):,} bytes, the edge takes {MAX_PEM_BYTES:,}",
            "Leave out what clients have themselves: the certificate of the root",
        )
    return Certificate(
        names=_read_names(own, chain_file),
        ends=own.not_valid_after_utc,
        fingerprint=own.fingerprint(SHA1()).hex().upper(),  # noqa: S303  a name, not a proof
        pem=pem,
        is_alone=len(chain) == 1 and own.issuer != own.subject,
    )


def _find_pair(folder: Path) -> tuple[Path, Path]:
    for chain, key in PAIRS:
        if (folder / chain).exists() or (folder / key).exists():
            return folder / chain, folder / key
    wanted = ", or ".join(f"{chain} and {key}" for chain, key in PAIRS)
    raise StackError(f"{TLS}: {folder} should have {wanted}", f"Put them there, or do without: unset {TLS}")


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES)
    except OSError as error:
        raise StackError(*describe_access(path, "read", error)) from None


def _read_chain(path: Path) -> "list[x509.Certificate]":
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return load_pem_x509_certificates(_read_file(path))
    except ValueError:
        raise StackError(f"{path}: should have certificates in PEM, the service's own first") from None


def _read_key(path: Path) -> "CertificateIssuerPrivateKeyTypes":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(_read_file(path), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, EllipticCurvePrivateKey | RSAPrivateKey):
        raise StackError(f"{path}: should be an RSA or elliptic curve key in PEM without a password")
    return key


def _check_key(
    chain: "Sequence[x509.Certificate]", key: "CertificateIssuerPrivateKeyTypes", chain_file: Path, key_file: Path
) -> None:
    public = key.public_key()
    fitting = [number for number, each in enumerate(chain, 1) if each.public_key() == public]
    if not fitting:
        raise StackError(
            f"{key_file}: is not the key of {chain_file.name}", "Put the two there that were made together"
        )
    if fitting[0] != 1:
        raise StackError(
            f"{chain_file}: the service's own certificate should be the first (it is number {fitting[0]})",
            "Put it before those that issued it",
        )


def _check_order(chain: "Sequence[x509.Certificate]", path: Path) -> None:
    from cryptography.exceptions import InvalidSignature

    for number, (each, issuer) in enumerate(pairwise(chain), 1):
        try:
            each.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            raise StackError(
                f"{path}: certificate {number} ({each.subject.rfc4514_string()}) was issued by "
                f"{each.issuer.rfc4514_string()}, and certificate {number + 1} is "
                f"{issuer.subject.rfc4514_string()}",
                "Each certificate should be followed by the one that issued it",
            ) from None


def _check_days(own: "x509.Certificate", path: Path, now: datetime) -> None:
    if own.not_valid_after_utc <= now:
        raise StackError(f"{path}: ended on {own.not_valid_after_utc:%Y-%m-%d}", "Renew it")
    if own.not_valid_before_utc > now:
        raise StackError(
            f"{path}: begins on {own.not_valid_before_utc:%Y-%m-%d}, which is to come", "See the clock: date"
        )


def _read_names(own: "x509.Certificate", path: Path) -> tuple[str, ...]:
    from cryptography.x509 import DNSName, ExtensionNotFound, IPAddress, SubjectAlternativeName

    try:
        found = own.extensions.get_extension_for_class(SubjectAlternativeName).value
    except (ExtensionNotFound, ValueError):
        raise StackError(
            f"{path}: names no host (subjectAltName), so no client takes it", "Make one with its host's name"
        ) from None
    addresses = [str(each) for each in found.get_values_for_type(IPAddress)]
    return (*found.get_values_for_type(DNSName), *addresses)
