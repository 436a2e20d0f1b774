"""Feedback in one SQLite file, which several processes share.

Its journal is a write-ahead log (WAL) and each transaction is brought to disk before it is acknowledged
(synchronous = FULL): https://www.sqlite.org/wal.html, https://www.sqlite.org/pragma.html#pragma_synchronous.
All processes have to run on one kernel, as replicas of one machine do: WAL is shared memory.

A connection is opened for each call: a process that kept one would go on writing into a file that somebody has
removed, and acknowledge what is lost.
"""

import os
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import msgspec

from carprice.errors import FeedbackBusyError, FeedbackError, StorageFullError
from carprice.feedback.entry import Feedback
from carprice.names import MIB
from carprice.system.files import describe_access, sync_folder

BUSY_SECONDS = 5.0
"""How long to wait for another process that writes."""
PAGE_BYTES = 4096
MAX_WAL_BYTES = 4 * MIB
"""To which the log is cut after its pages are in the file."""
EXPORT_ROWS = 1000
"""Read at once, so that an export holds no writer up."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS feedback (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    request_id TEXT,
    day TEXT NOT NULL,
    entry TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS feedback_request ON feedback (request_id);
CREATE INDEX IF NOT EXISTS feedback_day ON feedback (day);
"""
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_FORBIDDEN = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
_ENDINGS = ("", "-wal", "-shm", "-journal")


class FeedbackStore:
    """The feedback of one file. Safe to share between threads and processes; nothing is made until it is used.

    max_rows: beyond it the oldest are dropped. max_bytes: beyond it feedback is refused as on a full disk.
    """

    def __init__(self, path: Path, max_rows: int, max_bytes: int) -> None:
        self._path = path
        self._max_rows = max_rows
        self._max_pages = max(max_bytes // PAGE_BYTES, 1)

    def add(self, entries: Sequence[Feedback]) -> list[bool]:
        """Keep entries, all or none; whether each is new. When it returns, they are on disk.

        Raises StorageFullError, FeedbackBusyError, or FeedbackError where the file is damaged or not writable.
        """
        with self._connect() as connection:
            connection.execute("BEGIN IMMEDIATE")
            is_new = [self._insert(connection, entry) for entry in entries]
            last = "(SELECT max(number) FROM feedback)"
            connection.execute(f"DELETE FROM feedback WHERE number <= {last} - ?", (self._max_rows,))  # noqa: S608
            connection.execute("COMMIT")
        return is_new

    def erase(self, name: str) -> int:
        """Erase the feedback of that id, or of that request id, from the disk too; how many entries it was.

        Raises the same as add.
        """
        if not self._path.exists():
            return 0
        with self._connect() as connection:
            done = connection.execute("DELETE FROM feedback WHERE id = ? OR request_id = ?", (name, name))
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return done.rowcount

    def erase_before(self, moment: str) -> int:
        """Erase what was received before a moment, ISO 8601 of UTC, from the disk too; how many entries it was.

        Raises the same as add.
        """
        if not self._path.exists():
            return 0
        with self._connect() as connection:
            done = connection.execute("DELETE FROM feedback WHERE entry ->> '$.received' < ?", (moment,))
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return done.rowcount

    def list_entries(self, since: str = "") -> Iterator[Feedback]:
        """What was kept, in the order it came; since: the first day, ISO 8601. Raises the same as add."""
        last = 0
        while self._path.exists():
            with self._connect() as connection:
                rows = connection.execute(
                    "SELECT number, entry FROM feedback WHERE number > ? AND day >= ? ORDER BY number LIMIT ?",
                    (last, since, EXPORT_ROWS),
                ).fetchall()
            if not rows:
                return
            last = rows[-1][0]
            yield from (_read_entry(text, self._path) for _, text in rows)

    def list_newest(self, count: int) -> list[Feedback]:
        """The newest `count` entries, the newest first. Raises the same as add."""
        if not self._path.exists():
            return []
        with self._connect() as connection:
            rows = connection.execute(
                "SELECT entry FROM feedback ORDER BY number DESC LIMIT ?", (count,)
            ).fetchall()
        return [_read_entry(text, self._path) for (text,) in rows]

    def count(self) -> int:
        """How many entries there are. Raises the same as add."""
        if not self._path.exists():
            return 0
        with self._connect() as connection:
            return int(connection.execute("SELECT count(*) FROM feedback").fetchone()[0])

    def close(self) -> None:
        """Nothing stays open."""

    @staticmethod
    def _insert(connection: sqlite3.Connection, entry: Feedback) -> bool:
        row = (entry.id, entry.request_id, entry.day, msgspec.json.encode(entry).decode())
        done = connection.execute(
            "INSERT INTO feedback (id, request_id, day, entry) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", row
        )
        return done.rowcount == 1

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        self._check_files()
        try:
            is_new = not self._path.exists()
            with closing(sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
                self._prepare(connection)
                if is_new:
                    sync_folder(self._path.parent)
                yield connection
        except sqlite3.Error as error:
            raise self._explain(error) from None
        except OSError as error:
            raise FeedbackError(*describe_access(self._path, "written", error)) from None

    def _check_files(self) -> None:
        """A container writes to this folder: no link that it may have put there is followed."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FeedbackError(*describe_access(self._path.parent, "written", error)) from None
        for path in (self._path.with_name(self._path.name + ending) for ending in _ENDINGS):
            with suppress(FileNotFoundError):  # another process may be removing its log
                if not stat.S_ISREG(path.lstat().st_mode):
                    raise FeedbackError(f"{path}: is not a plain file", f"See what it is: ls -l {path}")

    def _prepare(self, connection: sqlite3.Connection) -> None:
        for pragma in (
            "trusted_schema = OFF",
            "cell_size_check = ON",
            f"page_size = {PAGE_BYTES}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "secure_delete = ON",
            f"journal_size_limit = {MAX_WAL_BYTES}",
            f"max_page_count = {self._max_pages}",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'feedback_day'").fetchall():
            connection.executescript(_SCHEMA)

    def _explain(self, error: sqlite3.Error) -> FeedbackError:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in _BUSY:
            return FeedbackBusyError(
                f"{self._path}: another process has held it for {BUSY_SECONDS:g} s", "Try again"
            )
        if code in _DAMAGED:
            aside = self._path.with_suffix(".damaged")
            return FeedbackError(
                f"{self._path}: is damaged or is no feedback ({error})", f"Put it aside: mv {self._path} {aside}"
            )
        if code in _FORBIDDEN or not os.access(self._path.parent, os.W_OK):
            return FeedbackError(*describe_access(self._path, "written", PermissionError(str(error))))
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
            limit = f"{self._max_pages * PAGE_BYTES // MIB} MiB"
            return StorageFullError(
                f"{self._path}: there is no room for feedback ({error}; it may take {limit})",
                "Make room: df -h; or allow more with CARPRICE_FEEDBACK_BYTES",
            )
        return FeedbackError(f"{self._path}: feedback cannot be kept ({error})", "Look at the disk: df -h")


def _read_entry(text: str, path: Path) -> Feedback:
    try:
        return msgspec.json.decode(text, type=Feedback)
    except msgspec.DecodeError as error:
        raise FeedbackError(
            f"{path}: has an entry that is none ({error})", f"Put it aside: mv {path} {path}.damaged"
        ) from None
