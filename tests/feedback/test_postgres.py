"""Feedback in a real PostgreSQL: kept once, in order, through a crash; away it refuses, and prices go on."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.api.calls import as_json, call, find_state
from tests.feedback.conftest import Server
from tests.feedback.test_store import make_entry
from tests.model.cars import UK_CAR

from carprice.api.serving.app import create_app
from carprice.errors import FeedbackBusyError, FeedbackError, SettingsError, StorageAwayError
from carprice.feedback import postgres as module
from carprice.feedback.opening import open_store
from carprice.feedback.postgres import PostgresStore
from carprice.feedback.store import FeedbackStore
from carprice.settings import Settings, load_settings

ROWS = 1000
WRITER = """
import sys
from carprice.feedback.postgres import PostgresStore
from tests.feedback.test_store import make_entry
store = PostgresStore(sys.argv[1], 10**6)
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    store.add([make_entry(number)])
    print(number, flush=True)
"""


@pytest.fixture
def store(server: Server) -> Iterator[PostgresStore]:
    found = PostgresStore(server.url, ROWS)
    yield found
    found.close()


def write(url: str, first: int, last: int) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", WRITER, url, str(first), str(last)]
    environment = {"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin"}
    return subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True)


def test_what_is_kept_comes_back_in_order(store: PostgresStore) -> None:
    entries = [make_entry(number) for number in range(5)]
    assert store.add(entries) == [True] * 5
    assert list(store.list_entries()) == entries
    assert store.list_newest(2) == entries[:-3:-1]
    assert list(store.list_entries(since="2999-01-01")) == []
    assert store.count() == 5


def test_reading_an_empty_database_gives_nothing(store: PostgresStore) -> None:
    assert (list(store.list_entries()), store.list_newest(3), store.count(), store.erase("r1")) == ([], [], 0, 0)


def test_what_is_sent_again_is_kept_once(store: PostgresStore) -> None:
    assert store.add([make_entry(1), make_entry(2), make_entry(1)]) == [True, True, False]
    assert store.add([make_entry(2)]) == [False]
    assert store.count() == 2


def test_the_oldest_make_room(server: Server) -> None:
    store = PostgresStore(server.url, 3)
    for number in range(5):
        store.add([make_entry(number), make_entry(number)])
    assert [entry.request_id for entry in store.list_entries()] == ["r2", "r3", "r4"]
    store.close()


def test_it_is_erased_by_id_and_by_request(store: PostgresStore) -> None:
    store.add([make_entry(number) for number in range(3)])
    assert (store.erase("r1"), store.erase(make_entry(2).id), store.erase("r1")) == (1, 1, 0)
    assert [entry.request_id for entry in store.list_entries()] == ["r0"]


def test_it_is_erased_by_age(store: PostgresStore) -> None:
    old = msgspec.structs.replace(make_entry(0), received="2026-01-31T23:59:59.999+00:00")
    store.add([old, msgspec.structs.replace(make_entry(1), received="2026-02-01T00:00:00.000+00:00")])
    assert store.erase_before("2026-02-01T00:00:00.000+00:00") == 1
    assert [entry.request_id for entry in store.list_entries()] == ["r1"]


def test_processes_share_it_from_its_first_moment(server: Server, store: PostgresStore) -> None:
    writers = [write(server.url, first, first + 25) for first in (0, 25, 50, 40)]
    assert [writer.wait(60) for writer in writers] == [0] * 4
    for writer in writers:
        writer.communicate()
    assert {entry.request_id for entry in store.list_entries()} == {f"r{n}" for n in range(75)}
    assert store.count() == 75


def test_a_crash_of_the_server_loses_nothing_that_was_acknowledged(server: Server, store: PostgresStore) -> None:
    writer = write(server.url, 0, 100_000)
    assert writer.stdout
    acknowledged = [int(writer.stdout.readline()) for _ in range(20)]
    server.stop("immediate")
    acknowledged += [int(line) for line in writer.stdout.read().split()]
    writer.wait()
    server.start()
    assert {f"r{number}" for number in acknowledged} <= {entry.request_id for entry in store.list_entries()}


def test_a_killed_writer_loses_nothing_that_it_acknowledged(server: Server, store: PostgresStore) -> None:
    writer = write(server.url, 0, 100_000)
    assert writer.stdout
    acknowledged = [int(writer.stdout.readline()) for _ in range(7)]
    writer.send_signal(signal.SIGKILL)
    acknowledged += [int(line) for line in writer.stdout.read().split()]
    writer.wait()
    assert {f"r{number}" for number in acknowledged} <= {entry.request_id for entry in store.list_entries()}


def test_the_server_brings_it_to_disk_whatever_its_own_default(store: PostgresStore) -> None:
    from sqlalchemy import text

    with store._connect() as connection:
        assert connection.scalar(text("SHOW synchronous_commit")) == "on"


def test_away_it_refuses_at_once_and_takes_feedback_again_when_it_is_back(
    server: Server, store: PostgresStore
) -> None:
    store.add([make_entry(1)])
    server.stop("immediate")
    with pytest.raises(StorageAwayError, match="cannot be reached"):
        store.add([make_entry(2)])
    began = time.monotonic()
    with pytest.raises(StorageAwayError, match="it did not answer just now"):
        store.add([make_entry(2)])
    assert time.monotonic() - began < 0.5
    server.start()
    store._away_until = 0.0
    assert store.add([make_entry(1), make_entry(2)]) == [False, True]


def test_a_database_that_hangs_holds_up_two_threads_at_most(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.05)
    assert store.count() == 0
    with store._connect(), store._connect(), pytest.raises(FeedbackBusyError, match="others have held it"):
        store.count()
    assert store.count() == 0


def test_a_user_without_rights_is_named(server: Server, store: PostgresStore) -> None:
    from sqlalchemy import text

    store.add([make_entry(1)])
    with store._connect() as connection:
        connection.execute(text("DROP ROLE IF EXISTS reader"))
        connection.execute(text("CREATE ROLE reader LOGIN"))
    other = PostgresStore(server.url.replace("postgres@", "reader@"), ROWS)
    with pytest.raises(FeedbackError, match="may not be written"):
        other.add([make_entry(2)])
    other.close()


def test_over_http_away_is_a_problem_and_prices_go_on(server: Server, small_bundle: Path, tmp_path: Path) -> None:
    folders = {"logs_dir": tmp_path / "logs", "var_dir": tmp_path / "var"}
    app = create_app(Settings(artifacts_dir=small_bundle, feedback_url=server.url, **folders))
    body = as_json({"listing": UK_CAR, "price": 9000, "kind": "sold", "day": "2020-06-01"})

    def send(path: str, body: bytes) -> int:
        return call(app.wsgi_app, "POST", path, body).status

    assert call(app.wsgi_app, "POST", "/feedback", body).json["new"]
    server.stop("immediate")
    refused = call(app.wsgi_app, "POST", "/feedback", body)
    detail = "The store of feedback does not answer, so nothing was kept; try again"
    assert (refused.status, refused.problem["detail"], refused.header("Retry-After")) == (503, detail, "1")
    assert send("/predict/price", as_json(UK_CAR)) == 200
    assert call(app.wsgi_app, "GET", "/metrics").status == 200
    server.start()
    find_state(app).feedback._away_until = 0.0  # type: ignore[attr-defined]
    assert call(app.wsgi_app, "POST", "/feedback", body).json["new"] is False
    find_state(app).close()
    assert not (tmp_path / "var").exists()


def test_the_setting_chooses_the_store(tmp_path: Path) -> None:
    assert isinstance(open_store(Settings(var_dir=tmp_path)), FeedbackStore)
    assert isinstance(open_store(Settings(feedback_url="postgresql://u:p@db/x")), PostgresStore)


def test_a_url_of_another_kind_is_refused_without_its_password() -> None:
    with pytest.raises(SettingsError) as error:
        load_settings({"CARPRICE_FEEDBACK_URL": "mysql://me:secret@db/x"})
    assert "secret" not in str(error.value)
    assert "postgresql://user:password@host/database" in str(error.value)


def test_a_database_that_was_never_there_is_named_without_its_password() -> None:
    pytest.importorskip("psycopg")
    store = PostgresStore("postgresql://me:secret@127.0.0.1:1/x", ROWS)
    with pytest.raises(StorageAwayError) as error:
        store.add([make_entry(1)])
    assert str(error.value).startswith("postgresql://127.0.0.1:1/x: cannot be reached (")
    assert "secret" not in str(error.value)
    store.close()
