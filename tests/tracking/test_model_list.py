"""The list of models, and the commands that show, send and promote them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.tracking.conftest import Runner
from tests.tracking.trainings import copy_training

from carprice.model.bundle.manifest import read_manifest, set_champion, write_manifest
from carprice.settings import Settings
from carprice.tracking.model_list import describe_change, format_models, list_models


def change_manifest(folder: Path, **parts: object) -> None:
    write_manifest(folder, read_manifest(folder) | parts)


def test_no_models_yet(offline: Settings, run_cli: Runner) -> None:
    assert run_cli("models").stdout == "No models yet. Train one: ./carprice train\n"
    assert json.loads(run_cli("models", "--json").stdout)["data"] == []


def test_every_model_with_its_figures(small_bundle: Path, offline: Settings, run_cli: Runner) -> None:
    sent, kept, old, damaged = (copy_training(small_bundle, offline) for _ in range(4))
    report = {"overall": {"ppe10": 0.7712}}
    change_manifest(sent.folder, mlflow={"run_id": "a", "model_version": "7"}, report=report)
    data = {**kept.manifest["data"], "judged_by": "time", "as_of": "2015-02-15", "served_rows": 114_915}
    change_manifest(kept.folder, data=data, report=report)
    change_manifest(old.folder, data={"rows_kept": 85_614}, report=None)
    set_champion(offline.artifacts_dir, sent.version)
    (damaged.folder / "manifest.json").write_text("{")
    text = format_models(list_models(offline))
    assert text.splitlines() == [
        "VERSION           MARKET     ROWS  AS OF       JUDGED BY  ERROR      MAE  WITHIN 10%  COVERAGE  "
        "ALIAS       MLFLOW",
        f"{sent.version}  uk        2,000  -           car         4.8%  812 GBP       77.1%     90.4%  "
        "champion    7",
        f"{kept.version}  uk      114,915  2015-02-15  time        4.8%  812 GBP       77.1%     90.4%  "
        "-           pending",
        f"{old.version}  uk       85,614  -           -           4.8%  812 GBP           -     90.4%  "
        "-           pending",
        f"{damaged.version}  -             -  -           -              -        -           -         -  "
        "challenger  -",
        f"{damaged.version}: {damaged.folder}/manifest.json: is not JSON "
        "(Expecting property name enclosed in double quotes: line 1 column 2 (char 1))",
    ]
    assert run_cli("models").stdout == f"{text}\n"
    listed = json.loads(run_cli("models", "--json").stdout)
    assert (listed["schema"], listed["kind"]) == (1, "models")
    assert listed["data"][0]["aliases"] == ["champion"]
    assert listed["data"][1]["mlflow"] == "pending"


def test_send_has_nothing_to_do(run_cli: Runner) -> None:
    result = run_cli("models", "send")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "MLflow has every training\n")


def test_promote_offline(small_bundle: Path, offline: Settings, run_cli: Runner) -> None:
    version = copy_training(small_bundle, offline).version
    result = run_cli("promote", version, "--offline", "--json")
    assert result.exit_code == 0
    data = json.loads(result.stdout)["data"]
    assert (data["version"], data["before"], data["mlflow"]) == (version, None, "pending")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        (
            {"metrics": {"overall": {"median_ape": 0.06, "mae": 900}}},
            ["Warning: it is worse on the same listings: 6.0% against 4.8%."],
        ),
        (
            {"data": {"fingerprint": "0123456789abcdef", "judged_by": "time"}},
            ["They were judged by different listings, so their errors do not compare."],
        ),
        (
            {"data": {"fingerprint": "other"}},
            ["They were judged by different listings, so their errors do not compare."],
        ),
    ],
    ids=["as good", "worse", "by time", "other listings"],
)
def test_what_speaks_against_a_change(
    small_bundle: Path, offline: Settings, changes: dict[str, object], expected: list[str]
) -> None:
    champion, other = (copy_training(small_bundle, offline) for _ in range(2))
    set_champion(offline.artifacts_dir, champion.version)
    change_manifest(other.folder, **changes)
    table, *said = describe_change(other.version, offline)
    assert said == expected
    assert [line[:16] for line in table.splitlines()[1:]] == [champion.version, other.version]


def test_a_change_of_market_is_said(small_bundle: Path, offline: Settings) -> None:
    champion, other = (copy_training(small_bundle, offline) for _ in range(2))
    set_champion(offline.artifacts_dir, champion.version)
    change_manifest(other.folder, market=other.manifest["market"] | {"name": "georgia"})
    assert describe_change(other.version, offline)[1:] == ["The market changes from uk to georgia."]


def test_the_champion_is_not_compared_with_itself(small_bundle: Path, offline: Settings) -> None:
    training = copy_training(small_bundle, offline)
    assert describe_change(training.version, offline) == []
    set_champion(offline.artifacts_dir, training.version)
    assert describe_change(training.version, replace(offline)) == []
