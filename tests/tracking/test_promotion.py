"""The champion: in MLflow and on disk together, whatever fails in between, and on record."""

import json
import os
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.model.damage import edit_pickle, put
from tests.ports import find_port
from tests.tracking.trainings import copy_training

from carprice.errors import BundleError, FileError, TrackingError
from carprice.model.bundle.manifest import champion_version, read_manifest, set_champion, write_manifest
from carprice.model.pricer import load_pricer
from carprice.names import REGISTERED_MODEL
from carprice.settings import Settings
from carprice.tracking.client import SEND_HINT, connect_client
from carprice.tracking.model_list import describe_change, list_models
from carprice.tracking.outbox import keep_bundle, list_pending
from carprice.tracking.promotion import (
    list_promotions,
    promote_version,
    record_rollout,
    record_training,
    send_waiting,
)
from carprice.tracking.upload import read_alias


def alias_version(settings: Settings, alias: str) -> str | None:
    """The bundle that an alias of MLflow names."""
    found = read_alias(connect_client(settings), alias)
    return found.tags["carprice.version"] if found else None


def test_the_first_is_champion_and_the_next_challenger(small_bundle: Path, online: Settings) -> None:
    first = copy_training(small_bundle, online)
    record_training(first, online, print)
    assert (champion_version(online.artifacts_dir), alias_version(online, "champion")) == (first.version,) * 2
    assert alias_version(online, "challenger") == first.version
    second = copy_training(small_bundle, online)
    record_training(second, online, print)
    assert (champion_version(online.artifacts_dir), alias_version(online, "champion")) == (first.version,) * 2
    assert alias_version(online, "challenger") == second.version

    promotion = promote_version(second.version, online)
    assert (champion_version(online.artifacts_dir), alias_version(online, "champion")) == (second.version,) * 2
    assert (promotion.before, promotion.version, promotion.mlflow) == (first.version, second.version, "done")
    assert [(item.version, item.mlflow) for item in list_promotions(online)] == [
        (first.version, "pending"),
        (first.version, "done"),
        (second.version, "done"),
    ]


@pytest.mark.slow
def test_a_rollout_is_followed(small_bundle: Path, online: Settings) -> None:
    first, second = copy_training(small_bundle, online), copy_training(small_bundle, online)
    for training in (first, second):
        record_training(training, online, print)
    set_champion(online.artifacts_dir, second.version)
    promotion = record_rollout(second.version, first.version, online)
    assert (promotion.before, promotion.version, promotion.mlflow) == (first.version, second.version, "done")
    assert alias_version(online, "champion") == second.version


@pytest.mark.slow
def test_a_rollout_is_followed_later_without_mlflow(
    small_bundle: Path, online: Settings, offline: Settings
) -> None:
    training = copy_training(small_bundle, offline)
    set_champion(offline.artifacts_dir, training.version)
    said: list[str] = []
    assert record_rollout(training.version, None, offline, said.append).mlflow == "pending"
    assert said[-1].startswith("Warning: MLflow at ")
    assert said[-1].endswith("so MLflow does not know the new champion yet. " + SEND_HINT)
    send_waiting(online)
    assert alias_version(online, "champion") == training.version


@pytest.mark.slow
def test_an_older_run_sent_late_does_not_take_the_challengers_place(small_bundle: Path, online: Settings) -> None:
    older = copy_training(small_bundle, online)
    elsewhere = older.folder.rename(online.artifacts_dir / "elsewhere")
    newer = copy_training(small_bundle, online)
    send_waiting(online)
    elsewhere.rename(older.folder)
    assert [item.version for item in send_waiting(online)] == [older.version]
    assert alias_version(online, "challenger") == newer.version


@pytest.mark.slow
def test_a_kept_run_is_sent_before_it_is_promoted(small_bundle: Path, online: Settings) -> None:
    training = copy_training(small_bundle, online)
    keep_bundle(training.folder, online)
    promote_version(training.version, online)
    assert alias_version(online, "champion") == training.version
    assert list_pending(online) == []


@pytest.mark.slow
def test_a_model_that_mlflow_lost_is_sent_again_from_its_bundle(small_bundle: Path, online: Settings) -> None:
    training = copy_training(small_bundle, online)
    stale = {"mlflow": {"run_id": "0" * 32, "model_version": "999", "experiment_id": "0"}}
    write_manifest(training.folder, read_manifest(training.folder) | stale)
    promote_version(training.version, online)
    assert alias_version(online, "champion") == training.version
    assert read_manifest(training.folder)["mlflow"]["model_version"] != "999"


def test_with_mlflow_down_nothing_changes(small_bundle: Path, offline: Settings) -> None:
    training = copy_training(small_bundle, offline)
    with pytest.raises(TrackingError) as caught:
        promote_version(training.version, offline)
    assert str(caught.value) == (
        f"MLflow at {offline.mlflow_url} does not answer ([Errno 111] Connection refused)\n"
        "Start it: ./carprice up. Or promote here now and in MLflow later: --offline"
    )
    assert champion_version(offline.artifacts_dir) is None
    assert list_promotions(offline) == []


@pytest.mark.slow
def test_promoted_offline_and_told_later(small_bundle: Path, offline: Settings, online: Settings) -> None:
    first = copy_training(small_bundle, offline)
    record_training(first, online, print)
    second = copy_training(small_bundle, offline)
    assert promote_version(second.version, offline, offline=True).mlflow == "pending"
    assert champion_version(offline.artifacts_dir) == second.version
    assert alias_version(online, "champion") == first.version
    send_waiting(online)
    assert alias_version(online, "champion") == second.version
    lines = len(list_promotions(online))
    send_waiting(online)
    assert len(list_promotions(online)) == lines


@pytest.mark.slow
def test_a_champion_that_cannot_be_written_leaves_both_as_they_were(small_bundle: Path, online: Settings) -> None:
    first, second = (copy_training(small_bundle, online) for _ in range(2))
    for training in (first, second):
        record_training(training, online, print)
    in_the_way = online.artifacts_dir / f".champion.{os.getpid()}"
    in_the_way.mkdir()
    with pytest.raises(FileError, match=r"champion: cannot be written \(Is a directory\)") as error:
        promote_version(second.version, online)
    assert error.value.hint == "Nothing was promoted."
    assert (champion_version(online.artifacts_dir), alias_version(online, "champion")) == (first.version,) * 2
    in_the_way.rmdir()
    assert list_promotions(online)[-1].version == first.version


def test_an_unknown_version_names_what_exists(small_bundle: Path, offline: Settings) -> None:
    training = copy_training(small_bundle, offline)
    with pytest.raises(BundleError) as caught:
        promote_version("20200101T000000Z", offline)
    assert caught.value.what == (
        f"{offline.artifacts_dir}: has no bundle 20200101T000000Z. Bundles there: {training.version}"
    )


def test_a_damaged_bundle_is_not_promoted(small_bundle: Path, offline: Settings) -> None:
    training = copy_training(small_bundle, offline)
    (training.folder / "model.pkl").write_bytes(b"")
    with pytest.raises(BundleError, match=r"model\.pkl: is truncated"):
        promote_version(training.version, offline, offline=True)
    assert champion_version(offline.artifacts_dir) is None


@pytest.mark.parametrize("version", ["", " ", "image", "../x", "20300101T000000Z\n"])
def test_what_is_no_version_is_not_promoted(small_bundle: Path, offline: Settings, version: str) -> None:
    """An empty one used to stand for the champion, and then to be written as its name."""
    training = copy_training(small_bundle, offline)
    set_champion(offline.artifacts_dir, training.version)
    with pytest.raises(BundleError) as caught:
        promote_version(version, offline, offline=True)
    assert caught.value.what == f"Model version {version!r} is not a version such as 20261123T124500Z"
    assert champion_version(offline.artifacts_dir) == training.version


@pytest.mark.parametrize("text", ["\n", "", "nonsense", "\xff" * 5000])
def test_a_damaged_champion_is_put_right(small_bundle: Path, offline: Settings, text: str) -> None:
    training = copy_training(small_bundle, offline)
    (offline.artifacts_dir / "champion").write_text(text)
    assert describe_change(training.version, offline) == []
    assert [(model.version, model.aliases) for model in list_models(offline)] == [
        (training.version, ("challenger",))
    ]
    promotion = promote_version(training.version, offline, offline=True)
    assert promotion.before is None
    assert champion_version(offline.artifacts_dir) == training.version


def test_a_damaged_champion_does_not_fail_a_training(small_bundle: Path, offline: Settings) -> None:
    training = copy_training(small_bundle, offline)
    (offline.artifacts_dir / "champion").write_text("nonsense")
    said: list[str] = []
    record_training(training, offline, said.append)
    assert said[0].startswith(f"Warning: {offline.artifacts_dir / 'champion'}: should hold one version such as ")
    assert said[0].endswith("./carprice models, then ./carprice promote VERSION")


@pytest.mark.slow
def test_a_foreign_version_in_mlflow_is_not_the_champion(small_bundle: Path, online: Settings) -> None:
    """Whoever reaches MLflow may register a model under our version."""
    training = copy_training(small_bundle, online)
    record_training(training, online, print)
    client = connect_client(online)
    own = client.get_model_version_by_alias(REGISTERED_MODEL, "champion")
    tags = {"carprice.version": training.version}
    model_id = own.source.rpartition("/")[2]
    foreign = client.create_model_version(REGISTERED_MODEL, own.source, own.run_id, tags, model_id=model_id)
    client.delete_model_version(REGISTERED_MODEL, own.version)
    with pytest.raises(
        TrackingError, match=rf"car-price version {foreign.version} was not sent from .*{training.version}"
    ):
        promote_version(training.version, online)
    assert read_alias(client, "champion") is None


@pytest.mark.slow
def test_other_files_in_mlflow_are_not_the_champion(small_bundle: Path, online: Settings) -> None:
    first, second = (copy_training(small_bundle, online) for _ in range(2))
    for training in (first, second):
        record_training(training, online, print)
    edit_pickle(second.folder, "model.pkl", put("costs", value={}))
    with pytest.raises(
        TrackingError, match=r"has another model\.pkl than the bundle, so somebody else changed it"
    ):
        promote_version(second.version, online)
    assert alias_version(online, "champion") == first.version


def test_the_record_survives_a_line_that_broke_off(small_bundle: Path, offline: Settings) -> None:
    first, second = (copy_training(small_bundle, offline) for _ in range(2))
    promote_version(first.version, offline, offline=True)
    with (offline.artifacts_dir / "promotions.jsonl").open("a") as record:
        record.write('{"time": "2030')
    assert [item.version for item in list_promotions(offline)] == [first.version]
    promote_version(second.version, offline, offline=True)
    assert [item.version for item in list_promotions(offline)] == [first.version, second.version]


@pytest.mark.slow
def test_mlflow_serves_the_champions_prices(
    small_bundle: Path, online: Settings, start_process: Callable[..., None]
) -> None:
    training = copy_training(small_bundle, online)
    keep_bundle(training.folder, online)
    promote_version(training.version, online)
    url = f"http://127.0.0.1:{(port := find_port())}"
    argv = ["mlflow", "models", "serve", "-m", f"models:/{REGISTERED_MODEL}@champion", "--env-manager", "local"]
    start_process([*argv, "-p", str(port)], f"{url}/ping", MLFLOW_TRACKING_URI=online.mlflow_url)
    cars = [golden["listing"] for golden in training.manifest["golden"]]
    cars[0].pop("mpg", None)
    cars[1]["year"] = 2060
    asked = json.dumps({"dataframe_records": cars}).encode()
    request = urllib.request.Request(f"{url}/invocations", asked, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        served = json.load(answer)["predictions"]
    pricer = load_pricer(training.folder)
    for car, row in zip(cars[2:], served[2:], strict=True):
        found = pricer.price(car)
        assert (row["price"], row["low"], row["high"]) == (found.price, found.low, found.high)
        assert (row["confidence"], row["problem"]) == (found.confidence, None)
    assert served[0]["price"] == pricer.price(cars[0]).price
    assert served[1] == dict.fromkeys(served[0]) | {"problem": "year: should be from 1980 to 2021"}
