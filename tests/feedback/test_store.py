"""Feedback in SQLite: nothing acknowledged is lost, nothing is kept twice, whatever happens to the processes."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from carprice.errors import FeedbackBusyError, FeedbackError, StorageFullError
from carprice.feedback import store as module
from carprice.feedback.entry import Feedback, make_id
from carprice.feedback.store import FeedbackStore
from carprice.names import MIB

ROWS, BYTES = 1000, 8 * MIB
SMALLEST_BYTES = 64 * 1024

WRITER = """
import sys
from pathlib import Path
from tests.feedback.test_store import make_entry, make_store
store = make_store(Path(sys.argv[1]))
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    store.add([make_entry(number)])
    print(number, flush=True)
"""


def make_store(folder: Path, rows: int = ROWS, size: int = BYTES) -> FeedbackStore:
    return FeedbackStore(folder / "feedback" / "feedback.db", rows, size)


def make_entry(number: int, text: str = "") -> Feedback:
    request = f"r{number}"
    name = make_id("sold", 5000, "2020-06-01", request, None)
    listing = {"make": text} if text else None
    return Feedback(name, "2020-06-02T10:00:00+00:00", "sold", 5000.0, "2020-06-01", request, listing)


def write(folder: Path, first: int, last: int) -> "subprocess.Popen[str]":
    """A process that keeps entries and says each when it is acknowledged."""
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(first), str(last)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_what_is_kept_is_read_in_its_order(tmp_path: Path) -> None:
    store, entries = make_store(tmp_path), [make_entry(number) for number in range(5)]
    assert store.add(entries) == [True] * 5
    assert list(store.list_entries()) == entries
    assert store.list_newest(2) == entries[:-3:-1]
    assert list(store.list_entries(since="2020-06-02")) == []


def test_nothing_is_made_by_reading(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    assert (list(store.list_entries()), store.list_newest(3), store.count(), store.erase("r1")) == ([], [], 0, 0)
    assert list(tmp_path.iterdir()) == []


def test_what_is_sent_again_is_kept_once(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    assert store.add([make_entry(1), make_entry(2), make_entry(1)]) == [True, True, False]
    assert make_store(tmp_path).add([make_entry(2)]) == [False]
    assert store.count() == 2


def test_the_id_follows_from_car_kind_price_and_day() -> None:
    car = {"make": "Ford", "year": 2017}
    first = make_id("sold", 5000, "2020-06-01", None, car)
    assert first == make_id("sold", 5000.0, "2020-06-01", None, {"year": 2017, "make": "Ford"})
    others = {
        make_id("listed", 5000, "2020-06-01", None, car),
        make_id("sold", 5001, "2020-06-01", None, car),
        make_id("sold", 5000, None, None, car),
        make_id("sold", 5000, "2020-06-01", "r1", car),
    }
    assert first not in others
    assert len(others) == 4
    assert make_id("sold", 5000, None, "r1", car) == make_id("sold", 5000, None, "r1", None)


def test_the_oldest_make_room(tmp_path: Path) -> None:
    store = make_store(tmp_path, rows=3)
    for number in range(5):
        store.add([make_entry(number)])
    assert [entry.request_id for entry in store.list_entries()] == ["r2", "r3", "r4"]


def test_what_is_erased_is_in_no_file(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    store.add([make_entry(number, f"secret{number}") for number in range(3)])
    assert store.erase("r1") == 1
    assert store.erase(make_entry(2).id) == 1
    assert store.erase("r1") == 0
    data = b"".join(path.read_bytes() for path in (tmp_path / "feedback").iterdir())
    assert (b"secret0" in data, b"secret1" in data, b"secret2" in data) == (True, False, False)


def test_processes_share_a_file_from_its_first_moment(tmp_path: Path) -> None:
    writers = [write(tmp_path, first, first + 25) for first in (0, 25, 50, 40)]
    assert [writer.wait(60) for writer in writers] == [0] * 4
    for writer in writers:
        writer.communicate()
    assert {entry.request_id for entry in make_store(tmp_path).list_entries()} == {f"r{n}" for n in range(75)}
    assert make_store(tmp_path).count() == 75


@pytest.mark.parametrize("after", [1, 7, 30])
def test_a_killed_writer_loses_nothing_that_it_acknowledged(tmp_path: Path, after: int) -> None:
    writer = write(tmp_path, 0, 100_000)
    assert writer.stdout
    acknowledged = [int(writer.stdout.readline()) for _ in range(after)]
    writer.send_signal(signal.SIGKILL)
    acknowledged += [int(line) for line in writer.stdout.read().split()]
    writer.wait()
    kept = {entry.request_id for entry in make_store(tmp_path).list_entries()}
    assert {f"r{number}" for number in acknowledged} <= kept
    assert make_store(tmp_path).add([make_entry(0), make_entry(999_999)]) == [False, True]


def fill(store: FeedbackStore) -> int:
    """Keep entries of 1 kB until one is refused; how many were acknowledged."""
    for number in range(5000):
        try:
            store.add([make_entry(number, "x" * 1000)])
        except StorageFullError:
            return number
    pytest.fail("never refused")


def test_a_full_file_refuses_and_keeps_what_it_has(tmp_path: Path) -> None:
    kept = fill(make_store(tmp_path, size=SMALLEST_BYTES))
    assert kept > 0
    assert make_store(tmp_path).count() == kept
    with pytest.raises(StorageFullError, match=r"(?s)there is no room for feedback.*CARPRICE_FEEDBACK_BYTES"):
        make_store(tmp_path, size=SMALLEST_BYTES).add([make_entry(9999, "x" * 9000)])
    assert make_store(tmp_path).add([make_entry(9999)]) == [True]


@pytest.mark.slow
@pytest.mark.parametrize("limit", [8_000, 60_000, 200_000])
def test_a_full_disk_refuses_and_keeps_what_it_has(tmp_path: Path, limit: int) -> None:
    """A limit on the size of files, which the kernel answers as it does a full disk: with an error of write."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        os.write(writer, str(fill(make_store(tmp_path))).encode())
        os._exit(0)
    os.close(writer)
    assert os.waitpid(child, 0)[1] == 0
    kept = int(os.read(reader, 100))
    os.close(reader)
    assert make_store(tmp_path).count() == kept
    assert make_store(tmp_path).add([make_entry(9999)]) == [True]


def test_a_file_that_others_hold_is_said_to_be_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = make_store(tmp_path)
    store.add([make_entry(1)])
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.05)
    holder = sqlite3.connect(tmp_path / "feedback" / "feedback.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(FeedbackBusyError, match=r"another process has held it for 0.05 s"):
        store.add([make_entry(2)])
    holder.execute("ROLLBACK")
    holder.close()
    assert store.add([make_entry(2)]) == [True]


def damage(path: Path) -> None:
    path.write_bytes(b"not a database, whatever it is" * 1000)


def link(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def link_log(path: Path) -> None:
    path.with_name(f"{path.name}-wal").symlink_to("elsewhere")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (damage, "is damaged or is no feedback.*Put it aside: mv"),
        (link, "is not a plain file"),
        (make_pipe, "is not a plain file"),
        (link_log, "feedback.db-wal: is not a plain file"),
    ],
)
def test_another_file_in_its_place_is_named(tmp_path: Path, spoil: Callable[[Path], None], message: str) -> None:
    path = tmp_path / "feedback" / "feedback.db"
    path.parent.mkdir()
    spoil(path)
    with pytest.raises(FeedbackError, match=f"(?s){message}"):
        make_store(tmp_path).add([make_entry(1)])


def test_a_file_that_was_removed_is_made_again(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    store.add([make_entry(1)])
    (tmp_path / "feedback" / "feedback.db").unlink()
    assert store.add([make_entry(1)]) == [True]
    assert make_store(tmp_path).count() == 1
