"""Erasing what is kept of requests: in the sample, in the log, and as feedback."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from carprice.errors import FeedbackError
from carprice.feedback.opening import open_store
from carprice.names import LOG_FILE, SAMPLE_FILE
from carprice.settings import Settings
from carprice.system.files import describe_access, is_regular
from carprice.system.jsonl import drop_lines
from carprice.system.locks import HeldError, hold_lock

LOCK_SECONDS = 30.0


class Erased(NamedTuple):
    """How many lines and entries were erased."""

    sample: int
    log: int
    feedback: int


def erase_request(settings: Settings, request_id: str) -> Erased:
    """Erase everything that is kept of one request. Raises FeedbackError."""
    sample, log = _drop_from_logs(settings.logs_dir, lambda line: line.get("request_id") == request_id)
    return Erased(sample, log, open_store(settings).erase(request_id))


def erase_older(settings: Settings, days: int, feedback: bool = False) -> Erased:
    """Erase what was kept more than so many times 24 hours ago; feedback where asked to. Raises FeedbackError."""
    end = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds")
    sample, log = _drop_from_logs(settings.logs_dir, lambda line: str(line.get("time", "")) < end)
    return Erased(sample, log, open_store(settings).erase_before(end) if feedback else 0)


def _drop_from_logs(logs_dir: Path, is_dropped: Callable[[dict[str, Any]], bool]) -> tuple[int, int]:
    try:
        sample, log = (
            sum(drop_lines(path, is_dropped) for path in _hold_files(logs_dir, name))
            for name in (SAMPLE_FILE, LOG_FILE)
        )
    except HeldError as error:
        raise FeedbackError(f"{error}: is being written all the time", "Try again") from None
    except OSError as error:
        raise FeedbackError(*describe_access(Path(error.filename or logs_dir), "written", error)) from None
    return sample, log


def _hold_files(logs_dir: Path, name: str) -> Iterator[Path]:
    """Each file of a log and its older ones, which nobody turns around or writes to meanwhile.

    The lock is that of concurrent-log-handler. Where no process has made it, none has written.
    """
    lock = logs_dir / f".__{name}.lock"
    with ExitStack() as held:
        if is_regular(lock) and os.access(lock, os.W_OK):
            held.enter_context(hold_lock(lock, LOCK_SECONDS))
        older = re.compile(rf"{re.escape(name)}(\.[0-9]+)?").fullmatch
        yield from sorted(path for path in logs_dir.glob(f"{name}*") if older(path.name) and is_regular(path))
