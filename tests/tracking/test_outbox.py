"""The record of a training on disk: whole, readable, with names that MLflow takes."""

import json
from pathlib import Path

import pytest
from tests.tracking.trainings import copy_training

from carprice.errors import TrackingError
from carprice.model.bundle import read_bundle
from carprice.model.manifest import champion_version
from carprice.settings import Settings
from carprice.tracking.outbox import flatten_metrics, keep_bundle, keep_training, list_pending, read_run


def test_everything_of_a_training_is_kept(small_bundle: Path, offline: Settings) -> None:
    training = copy_training(small_bundle, offline)
    folder = keep_training(training, offline)
    run = read_run(folder)
    assert folder == offline.var_dir / "runs" / training.version
    assert run.params["objective"] == "regression_l1"
    assert run.metrics["test/overall/mae"] == training.manifest["metrics"]["overall"]["mae"]
    assert run.tags["carprice.version"] == training.version
    assert run.tags["carprice.market"] == "uk"
    assert run.tags["carprice.fingerprint"] == training.manifest["data"]["fingerprint"]
    assert sorted(path.name for path in (folder / "plots").iterdir()) == [
        "error-by-age.png",
        "feature-importance.png",
        "predicted-against-actual.png",
    ]
    assert list_pending(offline) == [folder]


def test_a_bundle_alone_can_be_kept_again(small_bundle: Path, offline: Settings) -> None:
    folder = small_bundle / (champion_version(small_bundle) or "")
    run, manifest = read_run(keep_bundle(folder, offline)), read_bundle(folder).manifest
    assert (run.version, run.metrics) == (folder.name, flatten_metrics(manifest))
    assert [path.name for path in (run.folder / "plots").iterdir()] == []


def test_keeping_twice_leaves_one_folder(small_bundle: Path, offline: Settings) -> None:
    training = copy_training(small_bundle, offline)
    folder = keep_training(training, offline)
    (folder / "plots" / "stale.png").touch()
    keep_training(training, offline)
    assert not (folder / "plots" / "stale.png").exists()
    assert [path.name for path in folder.parent.iterdir()] == [training.version]


def test_a_record_that_broke_off_is_no_run(offline: Settings) -> None:
    (offline.var_dir / "runs" / ".20300101T000000Z-broken").mkdir(parents=True)
    assert list_pending(offline) == []


def test_metric_names_are_ones_that_mlflow_takes() -> None:
    from mlflow.utils.validation import _validate_metric_name

    figures = {"mae": 1.0, "rows": 3, "r2": float("nan"), "note": "text", "known": True, "empty": None}
    manifest = {
        "metrics": {
            "overall": figures,
            "make": {"Citroën": {"mae": 1}, "A/C & Co. (UK)": {"mae": 2}, "..": {"mae": 3}},
            "age": {"16+": {"mae": 5}, "x" * 300: {"mae": 6}},
        },
        "baselines": {"ridge": {"mae": 7}},
        "coverage": {"target": 0.9, "measured": 0.91},
        "data": {"fingerprint": "abc", "train_rows": 10, "source": "a.csv"},
    }
    metrics = flatten_metrics(manifest)
    assert metrics == {
        "test/overall/mae": 1.0,
        "test/overall/rows": 3.0,
        "test/make/Citroën/mae": 1.0,
        "test/make/A_C _ Co. _UK_/mae": 2.0,
        "test/make/_/mae": 3.0,
        "test/age/16 plus/mae": 5.0,
        f"test/age/{'x' * 60}/mae": 6.0,
        "baseline/ridge/mae": 7.0,
        "range/target": 0.9,
        "range/measured": 0.91,
        "data/train_rows": 10.0,
    }
    for name in metrics:
        _validate_metric_name(name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read ([Errno 2] No such file or directory"),
        ("{", "cannot be read (Expecting property name"),
        (json.dumps({"format": 2}), "format should be 1 (got 2)"),
    ],
    ids=["missing", "not JSON", "newer"],
)
def test_a_damaged_record_names_its_file(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "run.json").write_text(text)
    with pytest.raises(TrackingError) as caught:
        read_run(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'run.json'}: {message}")
    assert caught.value.hint.endswith(f"rm -r {tmp_path}")
