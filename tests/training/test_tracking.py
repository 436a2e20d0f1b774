"""Sending runs to a real MLflow: down, up, again, and killed in the middle."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.training.trainings import copy_training

from carprice.settings import Settings
from carprice.training.mlflow_server import connect_client
from carprice.training.registry import record_training, send_waiting
from carprice.training.runs import list_pending
from carprice.training.tracking import EXPERIMENT, MODEL_NAME


@pytest.fixture
def online(offline: Settings, mlflow_url: str) -> Settings:
    """The same folders, with an MLflow that is up."""
    return replace(offline, mlflow_url=mlflow_url)


def find_sent(settings: Settings, version: str) -> tuple[list, list]:
    """The runs and the model versions that MLflow has of a version."""
    client = connect_client(settings)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    runs = client.search_runs([experiment.experiment_id], f"tags.`carprice.version` = '{version}'")
    models = client.search_model_versions(f"name = '{MODEL_NAME}' and tags.`carprice.version` = '{version}'")
    return list(runs), list(models)


def test_down_then_up_then_sent_twice(small_bundle: Path, offline: Settings, online: Settings) -> None:
    training = copy_training(small_bundle, offline)
    said: list[str] = []
    record_training(training, offline, said.append)
    assert [folder.name for folder in list_pending(offline)] == [training.version]
    send_waiting(online, said.append)
    assert not send_waiting(online)
    runs, models = find_sent(online, training.version)
    assert (len(runs), len(models)) == (1, 1)
