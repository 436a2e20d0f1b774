"""The record of a training on disk: whole, readable, with names that MLflow takes."""

import json
from pathlib import Path

import pytest
from tests.tracking.trainings import copy_training

from carprice.errors import TrackingError
from carprice.model.bundle.manifest import write_manifest
from carprice.settings import Settings
from carprice.tracking.outbox import flatten_metrics, keep_bundle, list_pending, read_run


def test_everything_of_a_training_is_kept(small_bundle: Path, offline: Settings) -> None:
    training = copy_training(small_bundle, offline)
    folder = keep_bundle(training.folder, offline)
    run = read_run(folder)
    assert folder == offline.var_dir / "runs" / training.version
    assert run.params == {name: str(value) for name, value in training.params.items()}
    overall, report = training.manifest["metrics"]["overall"], training.manifest["report"]
    assert run.metrics["test/overall/mae"] == overall["mae"]
    for name in ("ppe10", "cod", "prd", "prb", "coverage", "interval_score"):
        assert run.metrics[f"test/overall/{name}"] == report["overall"][name]
    assert run.tags["carprice.version"] == training.version
    assert run.tags["carprice.market"] == "uk"
    note = run.tags["mlflow.note.content"]
    assert f"median error **{overall['median_ape']:.1%}**" in note
    assert note.endswith(f"To serve it: `./carprice promote {training.version}`")
    assert run.tags["carprice.fingerprint"] == training.manifest["data"]["fingerprint"]
    assert json.loads((folder / "report" / "report.json").read_text()) == report
    assert "<h1>Valuation report of" in (folder / "report" / "report.html").read_text()
    assert sorted(path.name for path in (folder / "plots").iterdir()) == [
        "coverage-by-segment.png",
        "error-by-age.png",
        "feature-importance.png",
        "predicted-against-actual.png",
    ]
    assert list_pending(offline) == [folder]


def test_a_bundle_without_a_report_is_kept_without_plots(small_bundle: Path, offline: Settings) -> None:
    training = copy_training(small_bundle, offline)
    write_manifest(training.folder, {**training.manifest, "report": None})
    folder = keep_bundle(training.folder, offline)
    assert sorted(path.name for path in folder.iterdir()) == ["run.json"]
    assert "test/overall/ppe10" not in read_run(folder).metrics


def test_a_run_lasts_as_long_as_its_training(small_bundle: Path, offline: Settings) -> None:
    training = copy_training(small_bundle, offline)
    write_manifest(training.folder, {**training.manifest, "took_seconds": 61.5})
    folder = keep_bundle(training.folder, offline)
    assert read_run(folder).took == 61_500
    record = json.loads((folder / "run.json").read_text())
    del record["took"]  # as earlier releases kept it
    (folder / "run.json").write_text(json.dumps(record))
    assert read_run(folder).took == 0


@pytest.mark.slow
def test_keeping_twice_leaves_one_folder(small_bundle: Path, offline: Settings) -> None:
    training = copy_training(small_bundle, offline)
    folder = keep_bundle(training.folder, offline)
    (folder / "plots" / "stale.png").touch()
    keep_bundle(training.folder, offline)
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
            "make": {"Citroën": {"mae": 1}},
        },
        "baselines": {
            "Citroën": {"mae": 1},
            "A/C & Co. (UK)": {"mae": 2},
            "..": {"mae": 3, "r2": 0.5},
            "x" * 300: {"mae": 6},
        },
        "coverage": {"target": 0.9, "measured": 0.91},
        "data": {"fingerprint": "abc", "train_rows": 10, "source": "a.csv"},
    }
    metrics = flatten_metrics(manifest)
    assert metrics == {
        "test/overall/mae": 1.0,
        "test/overall/rows": 3.0,
        "baseline/Citroën/mae": 1.0,
        "baseline/A_C _ Co. _UK_/mae": 2.0,
        "baseline/_/mae": 3.0,
        f"baseline/{'x' * 60}/mae": 6.0,
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
