"""Which store feedback is kept in: the database of the setting, else the file."""

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import Protocol

from carprice.errors import SettingsError
from carprice.feedback.entry import Feedback
from carprice.feedback.store import FeedbackStore
from carprice.settings import Settings


class Store(Protocol):
    """What every store does; FeedbackStore says what each raises."""

    def add(self, entries: Sequence[Feedback]) -> list[bool]:
        """Keep entries, all or none; whether each is new."""

    def erase(self, name: str) -> int:
        """Erase the feedback of that id, or of that request id; how many entries it was."""

    def erase_before(self, moment: str) -> int:
        """Erase what was received before a moment, ISO 8601 of UTC; how many entries it was."""

    def list_entries(self, since: str = "") -> Iterator[Feedback]:
        """What was kept, in the order it came; since: the first day, ISO 8601."""

    def list_newest(self, count: int) -> list[Feedback]:
        """The newest `count` entries, the newest first."""

    def count(self) -> int:
        """How many entries there are."""

    def close(self) -> None:
        """Close what is open."""


def open_store(settings: Settings) -> Store:
    """The store that the settings name. Nothing is opened, connected or made before it is used.

    Raises SettingsError for a database where its library is missing.
    """
    max_rows = max(settings.feedback_rows, 1)  # 0 has nothing more kept; what is there can be read and erased
    if settings.feedback_url:
        if not (find_spec("psycopg") and find_spec("sqlalchemy")):
            raise SettingsError(
                "CARPRICE_FEEDBACK_URL: the libraries for PostgreSQL are not here, psycopg and sqlalchemy",
                "An image has them that is built where the setting is in .env: ./carprice build",
            )
        from carprice.feedback.postgres import PostgresStore

        return PostgresStore(settings.feedback_url, max_rows)
    return FeedbackStore(settings.feedback_file, max_rows, settings.feedback_bytes)
