"""Whether what MLflow has of a bundle is that bundle: anybody who reaches MLflow may put something else there."""

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from carprice.errors import TrackingError
from carprice.model.bundle.manifest import FILES, read_manifest
from carprice.names import REGISTERED_MODEL
from carprice.settings import Settings
from carprice.tracking.client import show_url
from carprice.tracking.upload import list_registered

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion


def find_genuine(client: "MlflowClient", folder: Path, settings: Settings) -> "ModelVersion | None":
    """The registered version that the bundle's manifest names, or None where MLflow has nothing of the bundle.

    Raises TrackingError where MLflow has another one under its version, or other files in it.
    """
    manifest = read_manifest(folder)
    noted = manifest.get("mlflow") or {}
    registered = list_registered(client, folder.name)
    for found in registered:
        if (str(found.version), found.run_id) == (str(noted.get("model_version")), noted.get("run_id")):
            _check_files(found, manifest["files"], settings)
            return found
    if registered:
        raise _refuse(registered[0], f"was not sent from {folder}", settings)
    return None


def _check_files(found: "ModelVersion", files: dict[str, dict[str, str]], settings: Settings) -> None:
    from mlflow.artifacts import download_artifacts

    with tempfile.TemporaryDirectory() as target:
        root = Path(download_artifacts(f"models:/{REGISTERED_MODEL}/{found.version}", dst_path=target))
        for name in FILES:
            digests = {_hash_file(path) for path in root.rglob(name)}
            if digests != {files[name]["sha256"]}:
                raise _refuse(found, f"has another {name} than the bundle", settings)


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refuse(found: "ModelVersion", why: str, settings: Settings) -> TrackingError:
    name = f"{REGISTERED_MODEL} version {found.version}"
    return TrackingError(
        f"MLflow at {show_url(settings)}: {name} {why}, so somebody else changed it",
        "See who may reach MLflow, delete that version there, and send the bundle again: ./carprice models send",
    )
