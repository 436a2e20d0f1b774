"""Family 3: predictions answer 500 or 503."""

from collections.abc import Iterator
from typing import Any

from carprice.errors import BundleError
from carprice.model.bundle.manifest import FORMAT, find_bundle
from carprice.model.bundle.signature import SIGNATURE, TRUSTED_KEYS, verify_bundle
from carprice.names import API, BATCH_PATH, LISTING_SCHEMA, OPENAPI_PATH, PRICE_PATH, STATUS_PATH
from carprice.ops.doctor.findings import Check, Family, Finding
from carprice.ops.doctor.snapshot import StackSnapshot
from carprice.ops.instance import Instance
from carprice.ops.rollout.gates import list_golden_shifts, read_trained

EVIDENCE_BYTES = 300


def find_damaged_bundles(snapshot: StackSnapshot) -> list[Finding]:
    """A file of a model that is served, or would be next, is missing, damaged or of another format."""
    found = [_describe_bundle(snapshot, error) for error in _list_bundle_errors(snapshot)]
    if snapshot.versions_problem:
        found.append(_describe_bundle(snapshot, snapshot.versions_problem))
    return found


def find_mixed_sets(snapshot: StackSnapshot) -> list[Finding]:
    """Replicas of one set answer with different releases or models."""
    seen: dict[tuple[str, str], list[str]] = {}
    for instance in snapshot.find_instances(API):
        status = _ask_json(instance, STATUS_PATH) if instance.is_running else {}
        if status:
            key = (str(status.get("release")), str(status.get("model_version")))
            seen.setdefault(key, []).append(instance.short_name)
    if len(seen) < 2:
        return []
    evidence = "\n".join(
        f"{', '.join(names)}: release {release}, model {model}" for (release, model), names in seen.items()
    )
    return [
        Finding(
            "The replicas do not serve the same release",
            evidence,
            "A replica was started by hand with other settings, or a model was changed under its feet",
            f"docker compose up -d --no-deps --force-recreate {API}"
            if snapshot.is_docker
            else f"./carprice restart {API}",
        )
    ]


def find_waiting_champion(snapshot: StackSnapshot) -> list[Finding]:
    """The champion is not the model that serves, and nobody asked for another one."""
    *asked_for, champion = snapshot.versions or ("",)
    running = [instance for instance in snapshot.find_instances(API) if instance.is_running]  # no candidate
    served = {str(_ask_json(instance, STATUS_PATH).get("model_version") or "") for instance in running}
    served -= {"", champion}
    if not champion or not served or (asked_for and not snapshot.is_docker):
        return []
    return [
        Finding(
            "The champion does not serve yet",
            f"champion {champion}; served: {', '.join(sorted(served))}",
            "It was promoted since, and a service takes the champion when it starts",
            f"./carprice rollout --model {champion}" if snapshot.is_docker else "./carprice restart",
        )
    ]


def find_golden_shifts(snapshot: StackSnapshot) -> list[Finding]:
    """A replica does not price the golden listings of its model as in training."""
    found = []
    for instance in snapshot.replicas:
        try:
            # Every answer names the model, also that of a replica which has found out itself.
            version = instance.address.ask("GET", STATUS_PATH).headers.get("x-model-version", "")
            folder = find_bundle(snapshot.artifacts_dir, version)
            golden = verify_bundle(folder, snapshot.trusted_keys)["golden"]
        except (BundleError, OSError):
            continue  # the image's own model, or one that another check names
        evidence = next(iter(_list_shifts(instance, golden)), "")
        if evidence:
            found.append(
                Finding(
                    f"{instance.short_name} does not price as in training",
                    evidence,
                    "Its code or its LightGBM library differs from what the model was trained with",
                    f"./carprice rollback; or train again: ./carprice train; then: {snapshot.rebuild}",
                )
            )
    return found


def find_failing_predictions(snapshot: StackSnapshot) -> list[Finding]:
    """A replica does not answer a good listing with a price."""
    found = []
    for instance in snapshot.replicas:
        document = _ask_json(instance, OPENAPI_PATH)
        try:
            listing = document["components"]["schemas"][LISTING_SCHEMA]["examples"][0]
        except (KeyError, IndexError, TypeError):
            continue  # it does not answer at all, or has no model: other checks say so
        try:
            reply = instance.address.ask("POST", PRICE_PATH, listing)
        except OSError as error:
            found.append(_describe_silence(instance, error))
            continue
        if reply.status != 200:
            found.append(
                Finding(
                    f"{instance.short_name} answers {reply.status} to a good listing",
                    reply.content[:EVIDENCE_BYTES].decode(errors="replace"),
                    "The code failed on it; the log has the traceback with this request's id"
                    if reply.status == 500
                    else "It has no model that is proven"
                    if reply.status == 503
                    else "The API does not take the example of its own description",
                    f"./carprice logs {instance.service}; ./carprice rollback, or fix it and {snapshot.rebuild}",
                )
            )
    return found


def _describe_silence(instance: Instance, error: OSError) -> Finding:
    return Finding(
        f"{instance.short_name} does not answer a good listing",
        f"POST {PRICE_PATH}: {error or type(error).__name__}",
        "It hangs while it prices, or ended while it priced it",
        f"./carprice restart {instance.service}; ./carprice logs {instance.service}",
    )


def _list_bundle_errors(snapshot: StackSnapshot) -> Iterator[BundleError]:
    for version in snapshot.versions:
        try:
            verify_bundle(find_bundle(snapshot.artifacts_dir, version), snapshot.trusted_keys)
        except BundleError as error:
            yield error


def _describe_bundle(snapshot: StackSnapshot, error: BundleError) -> Finding:
    what = error.what
    if SIGNATURE in what or TRUSTED_KEYS in what:
        title, cause = (
            "The model is not signed by a trusted key",
            f"{TRUSTED_KEYS} names those that are",
        )
    elif "is missing" in what or "has no bundle" in what:
        title, cause = "A file of the model is missing", "It was deleted, or the model was copied incompletely"
    elif "format" in what:
        title, cause = "The model is of another format", f"This code reads format {FORMAT}"
    elif "may not be" in what:
        title, cause = "The model may not be read", "Its files belong to another user"
    else:
        title, cause = "A file of the model is damaged", "It was changed or cut off after training"
    failing = [instance.short_name for instance in snapshot.replicas if _status_of(instance) == 503]
    suffix = f"; {', '.join(failing)} cannot serve" if failing else ""
    return Finding(title, f"{what}{suffix}", cause, error.hint)


def _list_shifts(instance: Instance, golden: list[dict[str, Any]]) -> list[str]:
    """Each golden valuation that a replica does not answer as in training."""
    try:
        reply = instance.address.ask("POST", BATCH_PATH, [item["listing"] for item in golden])
    except OSError:
        return []
    results = read_trained(reply.json()) if reply.status == 200 else []
    return list(list_golden_shifts(golden, results))


def _status_of(instance: Instance) -> int:
    try:
        return instance.address.ask("GET", STATUS_PATH).status
    except OSError:
        return 0


def _ask_json(instance: Instance, path: str) -> dict[str, Any]:
    try:
        data = instance.address.ask("GET", path).json()
    except OSError:
        return {}
    return data if isinstance(data, dict) else {}


FAMILY = Family(
    "Predictions answer 500 or 503",
    (
        Check(
            "model files",
            "503 with `is missing`, `SHA-256 should be`, `format`, `is not JSON` or `manifest.sig`",
            "`model.pkl`, `scaler.pkl`, `encoders.pkl` or `manifest.json` of the model that is served, or of the "
            "champion, is missing, damaged or of another format, or no trusted key signed it",
            "promote another model (`./carprice models`, `./carprice promote VERSION`) or train one; a damaged "
            "file cannot be repaired; sign one that you trust: `./carprice sign VERSION --key PRIVATE.pem`",
            find_damaged_bundles,
        ),
        Check(
            "mixed set",
            "prices, `X-Release` or `X-Model-Version` change from one answer to the next",
            "the replicas of a set were started with different settings",
            "`docker compose up -d --force-recreate car-price-api` makes them one release again",
            find_mixed_sets,
        ),
        Check(
            "champion that waits",
            "after `promote` prices are as before",
            "a service takes the champion when it starts; a release keeps the model that it went live with",
            "without containers `./carprice restart`; on Docker `./carprice rollout`, which loses no request",
            find_waiting_champion,
        ),
        Check(
            "golden valuations",
            "prices are off, though every check passes",
            "the code or the LightGBM library differs from what the model was trained with",
            "`./carprice rollback`, or train again with this code",
            find_golden_shifts,
        ),
        Check(
            "failing predictions",
            "`POST /predict/price` answers 5xx to a good listing",
            "the code fails on it; its log has the traceback under the request's id",
            "`./carprice rollback`, or fix it and roll out",
            find_failing_predictions,
        ),
    ),
)
