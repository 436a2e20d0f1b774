"""Sending runs to a real MLflow: complete, once, and mended after a kill at any step."""

import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.tracking.trainings import copy_training

from carprice.cli.main import cli
from carprice.errors import TrackingError
from carprice.model.bundle.manifest import (
    COMPARABLES,
    FILES,
    MANIFEST,
    list_versions,
    read_manifest,
    write_manifest,
)
from carprice.names import REGISTERED_MODEL
from carprice.settings import ROOT, Settings
from carprice.tracking import upload
from carprice.tracking.client import connect_client
from carprice.tracking.outbox import REPORT_FIGURES, keep_bundle, list_pending
from carprice.tracking.promotion import promote_version, record_training, send_waiting, waiting_promotion
from carprice.tracking.upload import send_pending
from carprice.training.train import Training

PLOTS = ("predicted-against-actual", "coverage-by-segment", "error-by-age", "feature-importance")
SEND = f"""
import os, signal, sys
sys.path.insert(0, {str(ROOT / "src")!r})
from pathlib import Path
from carprice.settings import Settings
from carprice.tracking import upload
from mlflow import MlflowClient

def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

step, artifacts, var, url = sys.argv[1:]
if step:
    setattr(MlflowClient if hasattr(MlflowClient, step) else tracking, step, die)
upload.send_pending(Settings(artifacts_dir=Path(artifacts), var_dir=Path(var), mlflow_url=url))
"""


@dataclass(frozen=True)
class Found:
    """What MLflow has of one version."""

    runs: list[Any]
    models: list[Any]
    versions: list[Any]
    artifacts: set[str]

    @property
    def counts(self) -> tuple[int, int, int]:
        return len(self.runs), len(self.models), len(self.versions)


def find_sent(settings: Settings, version: str) -> Found:
    client = connect_client(settings)
    experiment = client.get_experiment_by_name(REGISTERED_MODEL).experiment_id
    runs = list(client.search_runs([experiment], f"tags.`carprice.version` = '{version}'"))
    models = [
        model
        for run in runs
        for model in client.search_logged_models([experiment], f"source_run_id = '{run.info.run_id}'")
    ]
    versions = client.search_model_versions(
        f"name = '{REGISTERED_MODEL}' and tags.`carprice.version` = '{version}'"
    )
    artifacts = {
        item.path
        for run in runs
        for folder in ("bundle", "plots", "report")
        for item in client.list_artifacts(run.info.run_id, folder)
    }
    return Found(runs, models, list(versions), artifacts)


def start_sending(settings: Settings, step: str = "") -> subprocess.Popen[bytes]:
    """A process that sends what is kept; it kills itself where it comes to the step."""
    argv = [
        sys.executable,
        "-c",
        SEND,
        step,
        str(settings.artifacts_dir),
        str(settings.var_dir),
        settings.mlflow_url,
    ]
    return subprocess.Popen(argv, stdout=subprocess.DEVNULL)


def test_a_run_holds_everything(small_bundle: Path, offline: Settings, online: Settings) -> None:
    training = copy_training(small_bundle, offline)
    write_manifest(training.folder, {**training.manifest, "took_seconds": 61.5})
    training = replace(training, manifest=read_manifest(training.folder))
    keep_bundle(training.folder, online)
    sent = send_pending(online, print)
    found = find_sent(online, training.version)
    run = found.runs[0]
    assert run.info.status == "FINISHED"
    assert run.info.run_name == training.version
    assert run.info.end_time - run.info.start_time == 61_500
    assert "To serve it" in run.data.tags["mlflow.note.content"]
    experiment = connect_client(online).get_experiment(run.info.experiment_id)
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    assert run.data.params == {name: str(value) for name, value in training.params.items()}
    assert run.data.metrics["test/overall/median_ape"] == training.manifest["metrics"]["overall"]["median_ape"]
    assert len(run.data.metrics) < 30
    assert run.data.tags["carprice.fingerprint"] == training.manifest["data"]["fingerprint"]
    assert [item.dataset.digest for item in run.inputs.dataset_inputs] == [
        training.manifest["data"]["fingerprint"]
    ]
    assert found.artifacts == {
        *(f"bundle/{name}" for name in (*FILES, COMPARABLES, MANIFEST)),
        *(f"plots/{name}.png" for name in PLOTS),
        "report/report.html",
        "report/report.json",
    }
    assert {metric.key for metric in found.models[0].metrics} == {
        f"test/overall/{name}" for name in (*training.manifest["metrics"]["overall"], *REPORT_FIGURES)
    }
    assert sent == [upload.Sent(training.version, run.info.run_id, found.versions[0].version)]
    assert read_manifest(training.folder) == training.manifest | {
        "mlflow": {
            "run_id": run.info.run_id,
            "model_version": found.versions[0].version,
            "experiment_id": run.info.experiment_id,
        }
    }


@pytest.mark.slow
def test_down_then_up_then_sent_twice(small_bundle: Path, offline: Settings, online: Settings) -> None:
    trainings = [copy_training(small_bundle, offline) for _ in range(2)]
    for training in trainings:
        record_training(training, offline, print)
    said: list[str] = []
    sent = send_waiting(online, said.append)
    assert [item.version for item in sent] == [training.version for training in trainings]
    assert said == [
        *(
            line
            for item in sent
            for line in (
                f"Sending {item.version} to MLflow ...",
                f"Sent {item.version} to MLflow: car-price version {item.model_version}",
            )
        ),
        f"{sent[0].version} is the champion in MLflow too",
    ]
    assert list_pending(online) == []
    assert send_waiting(online, said.append) == []
    assert [find_sent(online, item.version).counts for item in sent] == [(1, 1, 1), (1, 1, 1)]


@pytest.mark.slow
def test_killed_in_the_middle_then_sent_again(small_bundle: Path, online: Settings) -> None:
    training = copy_training(small_bundle, online)
    keep_bundle(training.folder, online)
    assert start_sending(online, "log_model_artifacts").wait() == -signal.SIGKILL
    assert find_sent(online, training.version).counts[0] == 1
    assert [folder.name for folder in list_pending(online)] == [training.version]
    send_pending(online, print)
    found = find_sent(online, training.version)
    assert found.counts == (1, 1, 1)
    assert found.models[0].status == "READY"
    assert len(found.artifacts) == 11


class Broken(BaseException):
    """Ends a sending where a test wants it to end."""


@pytest.mark.slow
def test_broken_off_at_every_step_then_sent_again(
    small_bundle: Path, online: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = copy_training(small_bundle, online)
    keep_bundle(training.folder, online)

    def break_off(*_: Any, **__: Any) -> None:
        raise Broken

    for step in (
        "_ensure_model",
        "_log_files",
        "_log_facts",
        "_ensure_version",
        "_name_challenger",
        "write_manifest",
    ):
        with monkeypatch.context() as patch:
            patch.setattr(upload, step, break_off)
            with pytest.raises(Broken):
                send_pending(online, print)
    send_pending(online, print)
    assert find_sent(online, training.version).counts == (1, 1, 1)
    client = connect_client(online)
    run_id = find_sent(online, training.version).runs[0].info.run_id
    assert len(client.get_metric_history(run_id, "test/overall/mae")) == 1


@pytest.mark.slow
def test_two_senders_at_once_send_once(small_bundle: Path, online: Settings) -> None:
    training = copy_training(small_bundle, online)
    keep_bundle(training.folder, online)
    other = start_sending(online)
    send_pending(online, print)
    assert other.wait() == 0
    assert find_sent(online, training.version).counts == (1, 1, 1)


@pytest.mark.slow
def test_a_training_that_broke_off_before_it_was_kept(small_bundle: Path, online: Settings) -> None:
    training = copy_training(small_bundle, online)
    assert [item.version for item in send_pending(online, print)] == [training.version]
    found = find_sent(online, training.version)
    assert found.counts == (1, 1, 1)
    assert {path.split("/")[0] for path in found.artifacts} == {"bundle", "plots", "report"}
    assert send_pending(online, print) == []


@pytest.mark.slow
def test_a_run_whose_bundle_is_gone_does_not_stop_the_others(small_bundle: Path, online: Settings) -> None:
    lost, good = (copy_training(small_bundle, online) for _ in range(2))
    for training in (lost, good):
        keep_bundle(training.folder, online)
    lost.folder.rename(online.artifacts_dir / "elsewhere")
    said: list[str] = []
    assert [item.version for item in send_pending(online, said.append)] == [good.version]
    assert f"Warning: {lost.version} is not in MLflow: {missing_bundle(lost, online)}" in said
    assert find_sent(online, good.version).counts == (1, 1, 1)
    assert [folder.name for folder in list_pending(online)] == [lost.version]


def missing_bundle(lost: Training, settings: Settings) -> str:
    there = ", ".join(list_versions(settings.artifacts_dir))
    return (
        f"{settings.artifacts_dir}: has no bundle {lost.version}. Bundles there: {there}. Without it this "
        f"training will not be in MLflow; forget it: rm -r {settings.var_dir}/runs/{lost.version}"
    )


@pytest.mark.slow
def test_a_run_whose_bundle_is_gone_does_not_stop_a_training(small_bundle: Path, online: Settings) -> None:
    lost = copy_training(small_bundle, online)
    keep_bundle(lost.folder, online)
    shutil.rmtree(lost.folder)
    for _ in range(2):
        said: list[str] = []
        training = copy_training(small_bundle, online)
        record_training(training, online, said.append)
        assert f"Warning: {lost.version} is not in MLflow: {missing_bundle(lost, online)}" in said
        assert find_sent(online, training.version).counts == (1, 1, 1)
    assert waiting_promotion(online) is None


@pytest.mark.slow
def test_a_damaged_manifest_does_not_stop_a_training(small_bundle: Path, online: Settings) -> None:
    damaged = copy_training(small_bundle, online)
    keep_bundle(damaged.folder, online)
    (damaged.folder / "manifest.json").write_text("{")
    training = copy_training(small_bundle, online)
    said: list[str] = []
    record_training(training, online, said.append)
    [warning] = [line for line in said if line.startswith("Warning: ")]
    assert warning.endswith(f"forget it: rm -r {online.var_dir}/runs/{damaged.version}")
    assert find_sent(online, training.version).counts == (1, 1, 1)


@pytest.mark.slow
def test_a_champion_that_is_gone_does_not_stop_a_training(small_bundle: Path, online: Settings) -> None:
    champion, training = (copy_training(small_bundle, online) for _ in range(2))
    promote_version(champion.version, online, offline=True)
    shutil.rmtree(champion.folder)
    said: list[str] = []
    record_training(training, online, said.append)
    assert said[-1].startswith(f"Warning: {online.artifacts_dir}: has no bundle {champion.version}.")
    assert "is not in MLflow" not in said[-1]
    assert find_sent(online, training.version).counts == (1, 1, 1)


def test_what_could_not_be_sent_fails_the_command(
    small_bundle: Path, online: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = copy_training(small_bundle, online)
    keep_bundle(lost.folder, online)
    shutil.rmtree(lost.folder)
    for name in ("artifacts_dir", "var_dir", "mlflow_url"):
        monkeypatch.setenv(f"CARPRICE_{name.upper()}", str(getattr(online, name)))
    result = CliRunner().invoke(cli, ["models", "send"])
    assert str(result.exception) == (f"MLflow does not have {lost.version}\nThe warnings above say what to do.")
    assert "MLflow has every training" not in result.stderr


def test_a_folder_that_cannot_be_locked_says_nothing_of_a_model(tmp_path: Path) -> None:
    (tmp_path / upload.LOCK_FILE).symlink_to("elsewhere")
    with pytest.raises(TrackingError) as error, upload.hold_runs(Settings(artifacts_dir=tmp_path)):
        pass
    reason = "it is a symbolic link, which is not followed"
    assert str(error.value) == f"{tmp_path / upload.LOCK_FILE}: cannot be written ({reason})"
