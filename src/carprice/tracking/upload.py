"""From kept runs to MLflow: one run and one model version per training, however often it was interrupted."""

import json
import math
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carprice.errors import BundleError, CarPriceError, TrackingError
from carprice.model.bundle.manifest import find_bundle, list_versions, read_manifest, write_manifest
from carprice.names import CHALLENGER, REGISTERED_MODEL
from carprice.settings import Settings
from carprice.system.files import describe_access
from carprice.system.locks import hold_lock
from carprice.tracking.client import connect_client, expect_failures
from carprice.tracking.flavour import log_pricer
from carprice.tracking.outbox import (
    PLOTS_FOLDER,
    REPORT_FOLDER,
    VERSION_TAG,
    Run,
    forget_hint,
    keep_bundle,
    list_pending,
    read_run,
    runs_folder,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

BUNDLE_FOLDER = "bundle"
LOCK_FILE = ".tracking.lock"

METRICS_PER_REQUEST = 1000
PARAMS_PER_REQUEST = 100
DIGEST_LENGTH = 36
KIND_TAG, MODELS = "mlflow.experimentKind", "custom_model_development"
"""Of an experiment: its page opens as one of models, not of GenAI."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Sent:
    """What a training became in MLflow."""

    version: str
    run_id: str
    model_version: str


def send_pending(settings: Settings, say: Say = print) -> list[Sent]:
    """Send every training that MLflow does not have, oldest first; returns what was sent.

    One that cannot be sent does not stop the others: a warning says why, and what fixes it. Raises
    TrackingError when MLflow does not answer.
    """
    sent = []
    with hold_runs(settings):
        versions = list_unsent(settings)
        if not versions:
            return []
        client = connect_client(settings)
        for version in versions:
            say(f"Sending {version} to MLflow ...")
            try:
                sent.append(send_run(_ensure_kept(version, settings), settings, client))
            except CarPriceError as error:
                with expect_failures(settings):
                    _ensure_experiment(client)  # stops here when the fault is the server's, not this run's
                say(f"Warning: {version} is not in MLflow: {error.what}. {error.hint}")
            else:
                say(f"Sent {version} to MLflow: {REGISTERED_MODEL} version {sent[-1].model_version}")
    return sent


def list_unsent(settings: Settings) -> list[str]:
    """The versions that wait for MLflow, oldest first: kept runs, and bundles that name no run of MLflow."""
    kept = {folder.name for folder in list_pending(settings)}
    bundles = list_versions(settings.artifacts_dir)
    return sorted(kept.union(version for version in bundles if _is_unsent(version, settings)))


def _is_unsent(version: str, settings: Settings) -> bool:
    try:
        return not read_manifest(settings.artifacts_dir / version).get("mlflow")
    except BundleError:
        return False  # damaged: it is no model, and carprice models says so


def _ensure_kept(version: str, settings: Settings) -> Path:
    """The run folder; made from the bundle where the training broke off before it kept one."""
    folder = runs_folder(settings) / version
    return folder if folder.exists() else keep_bundle(find_bundle(settings.artifacts_dir, version), settings)


def send_run(folder: Path, settings: Settings, client: "MlflowClient") -> Sent:
    """Send one run folder, register its model, note both in the bundle's manifest, remove the folder.

    Every step looks first at what MLflow has of it, so that it can be interrupted anywhere and repeated.
    Raises TrackingError, or BundleError when the bundle is missing or damaged.
    """
    run = read_run(folder)
    bundle, manifest = _find_bundle(run, settings)
    with expect_failures(settings):
        experiment = _ensure_experiment(client)
        run_id = _ensure_run(client, experiment, run)
        model_id = _ensure_model(client, experiment, run_id, run, bundle)
        _log_files(client, run_id, run, bundle)
        _log_facts(client, run_id, model_id, run)
        client.set_terminated(run_id, end_time=run.created)
        registered = _ensure_version(client, run_id, model_id, run)
        _name_challenger(client, registered, run.version)
    sent = Sent(run.version, run_id, registered.version)
    write_manifest(
        bundle,
        manifest
        | {"mlflow": {"run_id": run_id, "model_version": sent.model_version, "experiment_id": experiment}},
    )
    shutil.rmtree(folder)
    return sent


def _find_bundle(run: Run, settings: Settings) -> tuple[Path, dict[str, Any]]:
    try:
        bundle = find_bundle(settings.artifacts_dir, run.version)
        return bundle, read_manifest(bundle)
    except BundleError as error:
        raise BundleError(error.what, forget_hint(run.folder)) from None


@contextmanager
def hold_runs(settings: Settings) -> Iterator[None]:
    """Let one process at a time send or promote; another one waits. The lock is beside the bundles."""
    path = settings.artifacts_dir / LOCK_FILE
    with ExitStack() as stack:
        try:
            settings.artifacts_dir.mkdir(parents=True, exist_ok=True)
            stack.enter_context(hold_lock(path, math.inf))
        except OSError as error:
            raise TrackingError(*describe_access(path, "written", error)) from error
        yield


def _ensure_experiment(client: "MlflowClient") -> str:
    found = client.get_experiment_by_name(REGISTERED_MODEL)
    if found is None:
        return client.create_experiment(REGISTERED_MODEL, tags={KIND_TAG: MODELS})
    if found.lifecycle_stage != "active":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def _ensure_run(client: "MlflowClient", experiment: str, run: Run) -> str:
    found = client.search_runs([experiment], f"tags.`{VERSION_TAG}` = '{run.version}'", order_by=["start_time"])
    if found:
        return str(found[0].info.run_id)
    tags = {**run.tags, "mlflow.source.name": "carprice train", "mlflow.source.type": "LOCAL"}
    created = client.create_run(experiment, run.created - run.took, tags, run_name=run.version)
    return str(created.info.run_id)


def _ensure_model(client: "MlflowClient", experiment: str, run_id: str, run: Run, bundle: Path) -> str:
    """The id of the run's model; one whose upload broke off is replaced."""
    import mlflow

    for model in client.search_logged_models([experiment], f"source_run_id = '{run_id}'"):
        if model.status == "READY":
            return str(model.model_id)
        client.delete_logged_model(model.model_id)
    mlflow.set_experiment(experiment_id=experiment)
    return log_pricer(run_id, bundle, read_manifest(bundle), {VERSION_TAG: run.version})


def _log_files(client: "MlflowClient", run_id: str, run: Run, bundle: Path) -> None:
    client.log_artifacts(run_id, str(bundle), BUNDLE_FOLDER)
    for name in (REPORT_FOLDER, PLOTS_FOLDER):
        if (run.folder / name).is_dir():
            client.log_artifacts(run_id, str(run.folder / name), name)


def _log_facts(client: "MlflowClient", run_id: str, model_id: str, run: Run) -> None:
    """Log params, metrics and the data set. Sent again, equal ones are not doubled: all carry the run's time.

    Comes after the model: MLflow copies a run's metrics to its model one request at a time.
    """
    from mlflow.entities import Metric, Param

    params = [Param(name, value) for name, value in run.params.items()]
    for some in _cut_batches(params, PARAMS_PER_REQUEST):
        client.log_batch(run_id, params=some)
    metrics = [
        Metric(name, value, run.created, 0, model_id=model_id if name.startswith("test/overall/") else None)
        for name, value in run.metrics.items()
    ]
    for some in _cut_batches(metrics, METRICS_PER_REQUEST):
        client.log_batch(run_id, metrics=some)
    client.log_inputs(run_id, [_describe_data(run)])


def _cut_batches(items: list[Any], size: int) -> Iterator[list[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _describe_data(run: Run) -> Any:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    data = run.data
    return DatasetInput(
        Dataset(
            name=data["source"],
            digest=data["fingerprint"][:DIGEST_LENGTH],
            source_type="local",
            source=json.dumps({"uri": data["source"]}),
            profile=json.dumps({name: value for name, value in data.items() if name.endswith("rows")}),
        ),
        [InputTag("mlflow.data.context", "training")],
    )


def find_version(client: "MlflowClient", version: str) -> "ModelVersion | None":
    """The registered model version of a bundle, or None; call it under expect_failures."""
    return next(iter(list_registered(client, version)), None)


def list_registered(client: "MlflowClient", version: str) -> list["ModelVersion"]:
    """What is registered under a bundle's version, the oldest first; call it under expect_failures."""
    found = client.search_model_versions(f"name = '{REGISTERED_MODEL}' and tags.`{VERSION_TAG}` = '{version}'")
    return sorted(found, key=lambda item: int(item.version))


def _ensure_version(client: "MlflowClient", run_id: str, model_id: str, run: Run) -> "ModelVersion":
    found = find_version(client, run.version)
    if found is not None:
        return found
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(
            REGISTERED_MODEL, description="Prices used cars: a frame of listings in, prices with ranges out."
        )
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    return client.create_model_version(
        REGISTERED_MODEL, f"models:/{model_id}", run_id, {VERSION_TAG: run.version}, model_id=model_id
    )


def read_alias(client: "MlflowClient", alias: str) -> "ModelVersion | None":
    """The model version an alias names, or None; call it under expect_failures."""
    from mlflow.exceptions import MlflowException

    try:
        return client.get_model_version_by_alias(REGISTERED_MODEL, alias)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def _name_challenger(client: "MlflowClient", registered: "ModelVersion", version: str) -> None:
    newest = read_alias(client, CHALLENGER)
    if newest is None or newest.tags.get(VERSION_TAG, "") <= version:
        client.set_registered_model_alias(REGISTERED_MODEL, CHALLENGER, registered.version)
