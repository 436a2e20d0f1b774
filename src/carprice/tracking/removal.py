"""Removing models: whole folders, never of one that something still needs."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from carprice.errors import BundleError
from carprice.model.bundle.manifest import find_bundle, list_versions, usable_champion
from carprice.model.bundle.writing import remove_bundle
from carprice.settings import Settings
from carprice.tracking.client import connect_client, expect_failures
from carprice.tracking.outbox import runs_folder
from carprice.tracking.upload import hold_runs, list_registered

Needed = Mapping[str, str]
"""By version, why it has to stay."""


@dataclass(frozen=True)
class Removed:
    """A model that is gone, and the bytes of its folder."""

    version: str
    bytes: int


def list_old(settings: Settings, keep: int, needed: Needed) -> list[str]:
    """All but the newest models, oldest first, without those that are needed. keep: how many stay, at least 1."""
    stay = {*needed, usable_champion(settings.artifacts_dir)}
    return [version for version in list_versions(settings.artifacts_dir)[:-keep] if version not in stay]


def remove_models(
    versions: Sequence[str], settings: Settings, needed: Needed, in_mlflow: bool = False
) -> list[Removed]:
    """Remove these models, and what of them waits for MLflow; in_mlflow: their runs and versions there too.

    Nothing is removed where one of them is missing or needed. Raises BundleError then, FileError where a folder
    cannot be removed, TrackingError where MLflow does not answer.
    """
    for version in versions:
        find_bundle(settings.artifacts_dir, version)
        _check_free(version, settings, needed)
    if in_mlflow:
        _remove_from_mlflow(versions, settings)
    removed = []
    with hold_runs(settings):
        for version in versions:
            shutil.rmtree(runs_folder(settings) / version, ignore_errors=True)
            removed.append(Removed(version, remove_bundle(settings.artifacts_dir, version)))
    return removed


def _check_free(version: str, settings: Settings, needed: Needed) -> None:
    if version == usable_champion(settings.artifacts_dir):
        raise BundleError(
            f"{version} is the champion, so nothing was removed",
            "Make another one the champion first: ./carprice promote VERSION",
        )
    if version in needed:
        raise BundleError(
            f"{version} {needed[version]}, so nothing was removed", "See which can go: ./carprice models"
        )


def _remove_from_mlflow(versions: Sequence[str], settings: Settings) -> None:
    client = connect_client(settings)
    with expect_failures(settings):
        for version in versions:
            for found in list_registered(client, version):
                client.delete_model_version(found.name, found.version)
                if found.run_id:
                    client.delete_run(found.run_id)
