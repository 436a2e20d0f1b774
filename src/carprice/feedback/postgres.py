"""Feedback in a PostgreSQL database, which replicas of several machines share.

Each transaction is on the server's disk before it is acknowledged (synchronous_commit = on):
https://www.postgresql.org/docs/16/wal-async-commit.html. SQLAlchemy and psycopg are imported here alone, when a
store of this kind is used first: https://docs.sqlalchemy.org/en/20/core/.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from carprice.errors import FeedbackBusyError, FeedbackError, StorageAwayError, StorageFullError
from carprice.feedback.entry import Feedback
from carprice.settings import hide_login

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table

CONNECT_SECONDS = 2
STATEMENT_MILLISECONDS = 5000
MAX_CONNECTIONS = 2
"""Of one process: a database that hangs then holds up two of the threads that price cars, never all."""
AWAY_SECONDS = 5.0
"""How long nothing is tried after the database could not be reached."""
EXPORT_ROWS = 1000
LOCK_KEY = 0x0CA2_F00D
"""Of the advisory lock while the table is made: replicas start at once."""
DISK_FULL = ("53100", "53200")
READ_ONLY = "25006"
NO_RIGHT = "42501"
TIMED_OUT = ("57014", "55P03", "40P01", "53300")
"""SQLSTATE: canceled, lock not available, deadlock, too many connections."""


class PostgresStore:
    """The feedback of one database. Safe to share between threads; nothing is connected until it is used.

    url: `postgresql://user:password@host/database`. max_rows: beyond it the oldest are dropped.
    """

    def __init__(self, url: str, max_rows: int) -> None:
        self._url = url
        self._max_rows = max_rows
        self._slots = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._away_until = 0.0
        self._is_ready = False

    def add(self, entries: Sequence[Feedback]) -> list[bool]:
        """Keep entries, all or none; whether each is new. When it returns, they are on the server's disk.

        Raises StorageAwayError, StorageFullError, FeedbackBusyError, or FeedbackError where it may not write.
        """
        with self._connect() as connection:
            is_new = [self._insert(connection, entry) for entry in entries]
            if any(is_new):
                self._drop_oldest(connection)
        return is_new

    def erase(self, name: str) -> int:
        """Erase the feedback of that id, or of that request id; how many entries it was. Raises the same as add.

        The server's log and its backups keep it as long as they keep anything.
        """
        from sqlalchemy import delete, or_

        table = self._table
        with self._connect() as connection:
            chosen = or_(table.c.id == name, table.c.request_id == name)
            return int(connection.execute(delete(table).where(chosen)).rowcount)

    def erase_before(self, moment: str) -> int:
        """Erase what was received before a moment, ISO 8601 of UTC; how many entries it was. As erase has it."""
        from sqlalchemy import cast, delete
        from sqlalchemy.dialects.postgresql import JSONB

        table = self._table
        with self._connect() as connection:
            received = cast(table.c.entry, JSONB)["received"].astext
            return int(connection.execute(delete(table).where(received < moment)).rowcount)

    def list_entries(self, since: str = "") -> Iterator[Feedback]:
        """What was kept, in the order it came; since: the first day, ISO 8601. Raises the same as add."""
        from sqlalchemy import select

        table = self._table
        query = select(table.c.entry).where(table.c.day >= since).order_by(table.c.number)
        with self._connect() as connection:
            for text in connection.execution_options(yield_per=EXPORT_ROWS).scalars(query):
                yield self._read_entry(text)

    def list_newest(self, count: int) -> list[Feedback]:
        """The newest `count` entries, the newest first. Raises the same as add."""
        from sqlalchemy import select

        table = self._table
        query = select(table.c.entry).order_by(table.c.number.desc()).limit(count)
        with self._connect() as connection:
            return [self._read_entry(text) for text in connection.scalars(query)]

    def count(self) -> int:
        """How many entries there are. Raises the same as add."""
        from sqlalchemy import func, select

        with self._connect() as connection:
            return int(connection.scalar(select(func.count()).select_from(self._table)) or 0)

    def close(self) -> None:
        """Close the connections that are open."""
        if "_engine" in vars(self):
            self._engine.dispose()

    def _insert(self, connection: "Connection", entry: Feedback) -> bool:
        from sqlalchemy.dialects.postgresql import insert

        row = {"id": entry.id, "request_id": entry.request_id, "day": entry.day}
        text = msgspec.json.encode(entry).decode()
        table = self._table
        statement = insert(table).values(**row, entry=text).on_conflict_do_nothing().returning(table.c.id)
        return connection.execute(statement).first() is not None

    def _drop_oldest(self, connection: "Connection") -> None:
        """Numbers have gaps, so the newest rows are counted, by the index alone."""
        from sqlalchemy import delete, select

        table = self._table
        newest = select(table.c.number).order_by(table.c.number.desc())
        last = newest.offset(self._max_rows).limit(1).scalar_subquery()
        connection.execute(delete(table).where(table.c.number <= last))

    @contextmanager
    def _connect(self) -> Iterator["Connection"]:
        """A transaction, committed where nothing is raised; the table is made by the first."""
        from sqlalchemy.exc import SQLAlchemyError

        if time.monotonic() < self._away_until:
            raise self._away("it did not answer just now")
        if not self._slots.acquire(timeout=CONNECT_SECONDS):
            raise FeedbackBusyError(f"{self._name}: others have held it for {CONNECT_SECONDS} s", "Try again")
        try:
            with self._engine.begin() as connection:
                self._ensure_table(connection)
                yield connection
            self._is_ready = True
        except SQLAlchemyError as error:
            raise self._explain(error) from None
        finally:
            self._slots.release()

    def _ensure_table(self, connection: "Connection") -> None:
        from sqlalchemy import text

        if not self._is_ready:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
            self._table.metadata.create_all(connection)

    @cached_property
    def _engine(self) -> "Engine":
        from sqlalchemy import create_engine
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError

        options = f"-c synchronous_commit=on -c statement_timeout={STATEMENT_MILLISECONDS}"
        try:
            return create_engine(
                make_url(self._url).set(drivername="postgresql+psycopg"),
                pool_size=MAX_CONNECTIONS,
                max_overflow=0,
                pool_pre_ping=True,
                connect_args={
                    "connect_timeout": CONNECT_SECONDS,
                    "options": options,
                    "tcp_user_timeout": STATEMENT_MILLISECONDS,
                },
            )
        except (ArgumentError, ValueError):
            raise FeedbackError(
                f"CARPRICE_FEEDBACK_URL: {self._name} is not the URL of a database", _FORM
            ) from None

    @cached_property
    def _table(self) -> "Table":
        from sqlalchemy import BigInteger, Column, Identity, MetaData, Table, Text

        return Table(
            "carprice_feedback",
            MetaData(),
            Column("number", BigInteger, Identity(always=True), primary_key=True),
            Column("id", Text, nullable=False, unique=True),
            Column("request_id", Text, index=True),
            Column("day", Text, nullable=False, index=True),
            Column("entry", Text, nullable=False),
        )

    @property
    def _name(self) -> str:
        return hide_login(self._url)

    def _away(self, reason: str) -> StorageAwayError:
        return StorageAwayError(f"{self._name}: cannot be reached ({reason})", "Start it, or see its log")

    def _explain(self, error: Any) -> FeedbackError:
        cause = getattr(error, "orig", None) or error
        code = getattr(cause, "sqlstate", None) or ""
        reason = " ".join(hide_login(str(cause)).split())[:200]
        if code in DISK_FULL:
            return StorageFullError(f"{self._name}: there is no room for feedback ({reason})", "Make room there")
        if code in TIMED_OUT:
            return FeedbackBusyError(f"{self._name}: is busy ({reason})", "Try again")
        if code in (READ_ONLY, NO_RIGHT):
            return FeedbackError(f"{self._name}: may not be written ({reason})", "Grant its user what it needs")
        if not code or code.startswith(("08", "57P", "28", "3D")):
            self._away_until = time.monotonic() + AWAY_SECONDS
            return self._away(reason)
        return FeedbackError(f"{self._name}: feedback cannot be kept ({reason})", "See the log of the database")

    def _read_entry(self, text: str) -> Feedback:
        try:
            return msgspec.json.decode(text, type=Feedback)
        except msgspec.DecodeError as error:
            raise FeedbackError(
                f"{self._name}: has an entry that is none ({error})", "Look at its table carprice_feedback"
            ) from None


_FORM = "It should be postgresql://user:password@host/database"
