"""Models are removed whole, and never one that something needs."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.api.calls import find_state
from tests.tracking.conftest import Runner
from tests.tracking.trainings import copy_training
from werkzeug.serving import make_server

from carprice.api.serving.app import create_app
from carprice.errors import BundleError, FileError, TrackingError
from carprice.model.bundle import writing
from carprice.model.bundle.manifest import list_versions, set_champion
from carprice.ops.journal import JOURNAL_FILE, Journal
from carprice.ops.models_in_use import find_models_in_use
from carprice.settings import Settings
from carprice.tracking.client import connect_client
from carprice.tracking.outbox import list_pending
from carprice.tracking.promotion import record_training
from carprice.tracking.removal import remove_models
from carprice.tracking.upload import find_version


@pytest.fixture
def versions(small_bundle: Path, offline: Settings) -> list[str]:
    """Of four models, oldest first; the second is the champion."""
    found = [copy_training(small_bundle, offline).version for _ in range(4)]
    set_champion(offline.artifacts_dir, found[1])
    return found


def test_named_ones_go_and_the_rest_stays(versions: list[str], offline: Settings, run_cli: Runner) -> None:
    result = run_cli("models", "remove", versions[0], versions[2], "--json")
    assert result.exit_code == 0
    data = json.loads(result.stdout)["data"]
    assert [item["version"] for item in data] == [versions[0], versions[2]]
    assert all(item["bytes"] > 10_000 for item in data)
    assert list_versions(offline.artifacts_dir) == [versions[1], versions[3]]
    assert sorted(path.name for path in offline.artifacts_dir.iterdir() if path.is_dir()) == [
        versions[1],
        versions[3],
    ]


def test_the_newest_are_kept_and_the_champion_too(versions: list[str], offline: Settings, run_cli: Runner) -> None:
    result = run_cli("models", "remove", "--keep", "1")
    assert result.exit_code == 0
    assert result.stderr.splitlines()[-1] == "2 removed, 2 left"
    assert list_versions(offline.artifacts_dir) == [versions[1], versions[3]]


@pytest.mark.parametrize("argv", [[], ["20300101T000000Z", "--keep", "3"]], ids=["neither", "both"])
def test_versions_or_a_number(run_cli: Runner, argv: list[str]) -> None:
    result = run_cli("models", "remove", *argv)
    assert result.exit_code == 2
    assert "Name the versions to remove, or how many of the newest stay: --keep N." in result.stderr


def test_the_champion_stays_and_so_does_what_was_named_beside_it(versions: list[str], offline: Settings) -> None:
    with pytest.raises(BundleError, match=f"{versions[1]} is the champion, so nothing was removed"):
        remove_models([versions[0], versions[1]], offline, {})
    assert list_versions(offline.artifacts_dir) == versions


def test_what_serves_stays(versions: list[str], offline: Settings) -> None:
    with _serve(replace(offline, model_version=versions[0], logs_dir=offline.var_dir)) as port:
        needed = find_models_in_use(replace(offline, port=port, stack_dir=offline.var_dir))
    with pytest.raises(BundleError, match=f"{versions[0]} serves now, so nothing was removed"):
        remove_models([versions[0]], offline, needed)


def test_what_a_rollback_may_bring_back_stays(versions: list[str], offline: Settings, tmp_path: Path) -> None:
    settings = replace(offline, stack_dir=tmp_path, port=1)
    journal = Journal(tmp_path / "var" / JOURNAL_FILE)
    (tmp_path / "var").mkdir(exist_ok=True)
    for number, version in enumerate(versions[:3]):
        journal.add("begin", release=f"r{number}", model=version)
        journal.add("done", release=f"r{number}", outcome="live")
    assert set(find_models_in_use(settings)) == set(versions[1:3])


def test_an_unknown_one_is_named(versions: list[str], offline: Settings) -> None:
    with pytest.raises(BundleError, match="has no bundle 20010101T000000Z"):
        remove_models([versions[0], "20010101T000000Z"], offline, {})
    assert list_versions(offline.artifacts_dir) == versions


def test_killed_in_the_middle_it_is_gone_all_the_same(
    versions: list[str], offline: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(writing.shutil, "rmtree", break_off)
    with pytest.raises(FileError, match=f"{versions[0]}: cannot be removed"):
        writing.remove_bundle(offline.artifacts_dir, versions[0])
    assert versions[0] not in list_versions(offline.artifacts_dir)
    [left] = offline.artifacts_dir.glob(f"{writing.UNFINISHED}*")  # which the next training removes
    assert left.name.endswith(versions[0])


@pytest.mark.slow
def test_mlflow_forgets_it_only_where_told(small_bundle: Path, online: Settings) -> None:
    first, kept, dropped = (copy_training(small_bundle, online) for _ in range(3))
    for training in (first, kept, dropped):
        record_training(training, online, lambda _: None)
    client = connect_client(online)
    remove_models([kept.version], online, {})
    remove_models([dropped.version], online, {}, in_mlflow=True)
    assert find_version(client, kept.version) is not None
    assert find_version(client, dropped.version) is None


def test_without_mlflow_nothing_is_removed_where_it_should_be_there_too(
    versions: list[str], offline: Settings
) -> None:
    with pytest.raises(TrackingError):
        remove_models([versions[0]], offline, {}, in_mlflow=True)
    assert list_versions(offline.artifacts_dir) == versions


@pytest.mark.slow
def test_what_waits_for_mlflow_goes_too(small_bundle: Path, offline: Settings) -> None:
    first, second = (copy_training(small_bundle, offline) for _ in range(2))
    for training in (first, second):
        record_training(training, offline, lambda _: None)
    remove_models([second.version], offline, {})
    assert [folder.name for folder in list_pending(offline)] == [first.version]


@contextmanager
def _serve(settings: Settings) -> Iterator[int]:
    app = create_app(settings)
    with closing(find_state(app)):
        server = make_server("127.0.0.1", 0, app)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.port
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
