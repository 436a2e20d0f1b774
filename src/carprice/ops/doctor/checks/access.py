"""Family 5: refused, or let in: API keys and the certificate."""

from dataclasses import replace
from datetime import UTC, datetime

from carprice.access.internal_key import INTERNAL_NAME
from carprice.access.keys import read_keys
from carprice.errors import KeysError, StackError
from carprice.names import API, API_KEYS, EDGE, MODEL_PATH
from carprice.ops.doctor.findings import Check, Family, Finding
from carprice.ops.doctor.snapshot import StackSnapshot
from carprice.ops.edge.certificate import SOON_DAYS, TLS, Certificate, load_certificate
from carprice.ops.instance import Instance

UNAUTHORIZED = 401


def find_key_problems(snapshot: StackSnapshot) -> list[Finding]:
    """A replica asks for no key though it should, does not know the stack's own, or the file is damaged."""
    if snapshot.api_keys is None:
        return []
    try:
        read_keys(snapshot.api_keys)
    except KeysError as error:
        return [Finding("The API keys cannot be read", error.what, "The file was changed or cut off", error.hint)]
    return [finding for replica in snapshot.replicas for finding in _check_replica(snapshot, replica)]


def _check_replica(snapshot: StackSnapshot, replica: Instance) -> list[Finding]:
    try:
        bare = replace(replica.address, key="").ask("GET", MODEL_PATH).status
        own = replica.address.ask("GET", MODEL_PATH).status
    except OSError:
        return []  # other checks say so
    if bare != UNAUTHORIZED:
        fix = f"docker compose up -d --no-deps {API}" if snapshot.is_docker else "./carprice up"
        return [
            Finding(
                f"{replica.short_name} asks for no API key",
                f"GET {MODEL_PATH} without a key: {bare}",
                f"It was started before {API_KEYS} was set",
                fix,
            )
        ]
    if own == UNAUTHORIZED:
        return [
            Finding(
                f"{replica.short_name} does not know the stack's own API key",
                f"GET {MODEL_PATH} with the key of var/internal.key: {own}",
                f"The key {INTERNAL_NAME} was revoked, or var/internal.key was lost",
                "./carprice up",
            )
        ]
    return []


def find_certificate_problems(snapshot: StackSnapshot) -> list[Finding]:
    """The certificate is wrong, ends soon, has no chain, or is not the one that the edge serves."""
    if snapshot.tls is None:
        return []
    try:
        found = load_certificate(snapshot.tls)
    except StackError as error:
        return [Finding("The certificate cannot be used", error.what, f"{TLS} names it", error.hint)]
    return [*_judge_certificate(snapshot, found), *_compare_served(snapshot, found)]


def _judge_certificate(snapshot: StackSnapshot, found: Certificate) -> list[Finding]:
    findings, days = [], found.days_left(datetime.now(UTC))
    if days < SOON_DAYS:
        findings.append(
            Finding(
                f"The certificate ends in {days} days",
                f"{snapshot.tls}: of {', '.join(found.names)}, until {found.ends:%Y-%m-%d %H:%M} UTC",
                "It was not renewed",
                "Renew it, then: ./carprice tls",
            )
        )
    if found.is_alone:
        findings.append(
            Finding(
                "The certificate has no chain",
                f"{snapshot.tls}: one certificate, issued by another that is not behind it",
                "Clients that do not have the issuer's certificate themselves refuse this one",
                "Put the issuer's certificate behind it, then: ./carprice tls",
            )
        )
    return findings


def _compare_served(snapshot: StackSnapshot, found: Certificate) -> list[Finding]:
    edges = [item for item in snapshot.find_instances(EDGE) if item.is_running]
    if not edges or snapshot.context is None:
        return []
    served = snapshot.context.edge.read_fingerprint()
    if served == found.fingerprint:
        return []
    if not edges[0].environment.get(TLS):
        what, cause, fix = (
            "no TLS",
            f"It was started before {TLS} was set",
            f"docker compose up -d --no-deps {EDGE}",
        )
    else:
        what, cause, fix = "another certificate", "The one in the folder was renewed since", "./carprice tls"
    evidence = f"SHA-1 {served or 'none'}, in {snapshot.tls} {found.fingerprint}"
    return [Finding(f"The edge serves {what}", evidence, cause, fix)]


FAMILY = Family(
    "Refused, or let in",
    (
        Check(
            "API keys",
            "401 to a good key, or 200 without any; a rollout's gate says 401",
            f"the replicas were started before `{API_KEYS}` was set, the stack's own key was lost, or the file of "
            "the keys is damaged",
            "the finding has the command: start the replicas again, or `./carprice up`",
            find_key_problems,
        ),
        Check(
            "certificate",
            "browsers and programs refuse the certificate, or `./carprice tls` does",
            f"it ends within {SOON_DAYS} days, its chain or key is wrong, or the edge still serves an older one",
            "renew or correct it, then `./carprice tls`",
            find_certificate_problems,
        ),
    ),
)
