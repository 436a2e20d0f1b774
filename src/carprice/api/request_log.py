"""JSON lines in logs/: what happened, and a sample of valid single requests with their answers.

Both files rotate by size. Replicas may share the folder: concurrent-log-handler takes a file lock for each line.
No request waits for the disk, or for another replica that holds the lock: a separate thread writes the lines. A
busy service writes a limited number of lines a second, and how many it left out.
"""

import json
import logging
import os
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from queue import Full, Queue
from typing import Any, TextIO

from concurrent_log_handler import ConcurrentRotatingFileHandler

from carprice.names import LOG_FILE, SAMPLE_FILE
from carprice.settings import Settings
from carprice.system.files import open_regular

SAMPLE_FILES = 1
MAX_PENDING = 1000
MAX_PATH = 200
FLUSH_SECONDS = 2.0


def say_line(stream: TextIO, level: str, event: str, **facts: Any) -> None:
    """Print one line for whoever reads the process's output, if anybody still does."""
    with suppress(OSError, ValueError):  # a closed pipe
        print(_as_line({"level": level, "event": event, **facts}), file=stream, flush=True)


def _as_line(facts: dict[str, Any]) -> str:
    stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
    # In ASCII: a path may hold characters that steer a terminal, or turn the order of letters around.
    return json.dumps({"time": stamp, **facts})


class _Budget:
    """At most per_second times a second; counts the rest. Times are seconds of a monotonic clock."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._left = 0
        self._ends = 0.0
        self._lock = threading.Lock()
        self._left_out = 0

    def take(self, now: float) -> bool:
        with self._lock:
            if now >= self._ends:
                self._left, self._ends = self._per_second, now + 1
            if self._left:
                self._left -= 1
                return True
            self._left_out += 1
            return False

    def take_left_out(self) -> int:
        """How many were left out since the last call."""
        with self._lock:
            found, self._left_out = self._left_out, 0
            return found


class _File(ConcurrentRotatingFileHandler):
    """A file that rotates by size. What cannot be written is lost, and reported once."""

    failed = False

    def handleError(self, _: logging.LogRecord) -> None:  # noqa: N802  logging's name
        if not self.failed:
            self.failed = True
            _report_failure(Path(self.baseFilename), sys.exception())


class _Writer:
    """Writes lines to their files in a thread, in the order they were added."""

    def __init__(self) -> None:
        self._lines: Queue[tuple[logging.Handler, str] | None] = Queue(MAX_PENDING)
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def add(self, file: logging.Handler | None, line: str) -> None:
        """Write the line soon; it is lost where there is no file, or where MAX_PENDING lines are pending."""
        if file:
            with suppress(Full):
                self._lines.put_nowait((file, line))

    def close(self) -> None:
        """Write the pending lines, for at most FLUSH_SECONDS."""
        with suppress(Full):
            self._lines.put(None, timeout=FLUSH_SECONDS)
            self._thread.join(FLUSH_SECONDS)

    def _write(self) -> None:
        while pending := self._lines.get():
            file, line = pending
            file.handle(logging.LogRecord("carprice", logging.INFO, "", 0, line, None, None))


class RequestLog:
    """The log and the sample of one process. Without a folder to write to, lines are lost."""

    def __init__(self, settings: Settings) -> None:
        self._release = settings.release
        self._lines = _Budget(settings.log_lines_per_second)
        self._failures = _Budget(settings.log_lines_per_second)
        self._crashes = _Budget(max(settings.log_lines_per_second, 1))
        self._samples = _Budget(settings.samples_per_second)
        self._log: logging.Handler | None = None
        self._sample: logging.Handler | None = None
        self._open_files(settings)
        self._writer = _Writer()

    def _open_files(self, settings: Settings) -> None:
        folder = settings.logs_dir
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._log = _open_file(folder / LOG_FILE, settings.log_bytes, settings.log_files)
            if settings.samples_per_second:
                self._sample = _open_file(folder / SAMPLE_FILE, settings.sample_bytes, SAMPLE_FILES)
        except OSError as error:
            _report_failure(folder, error)

    def info(self, event: str, **facts: Any) -> None:
        """Log an event, also to stdout."""
        self._say(sys.stdout, "info", event, facts)

    def error(self, event: str, **facts: Any) -> None:
        """Log an event that needs attention, also to stderr."""
        self._say(sys.stderr, "error", event, facts)

    def wants_request(self, now: float, status: int) -> bool:
        """Whether to log this request; failures have their own limit of lines a second."""
        return (self._lines if status < 500 else self._failures).take(now)

    def add_request(
        self,
        request_id: str,
        trace: str,
        method: str,
        path: str,
        status: int,
        seconds: float,
        version: str,
        key: str = "",
    ) -> None:
        """Log one request. key: the name of the API key that it came with."""
        facts: dict[str, Any] = {"level": "info" if status < 500 else "error", "event": "request"}
        facts |= {"request_id": request_id, "method": method, "path": path[:MAX_PATH], "status": status}
        facts |= {"ms": round(seconds * 1000, 3), "model_version": version}
        if trace:
            facts["trace_id"] = trace
        if key:
            facts["key"] = key
        facts |= self._count_left_out()
        self._add(self._log, facts)

    def add_crash(self, now: float, **facts: Any) -> None:
        """Log a request that failed by a bug, also to stderr, within a limit of its own."""
        if self._crashes.take(now):
            self.error("request failed", **facts)

    def wants_sample(self, now: float) -> bool:
        """Whether there is room for another sample within this second."""
        return self._sample is not None and self._samples.take(now)

    def add_sample(self, request_id: str, version: str, listing: Any, answer: dict[str, Any]) -> None:
        """Write a valid request with its answer, for replay against another model."""
        facts = {"request_id": request_id, "model_version": version, "listing": listing, "answer": answer}
        self._add(self._sample, facts)

    def close(self) -> None:
        """Write the pending lines and close the files."""
        if left_out := self._count_left_out():
            self._add(self._log, {"level": "info", "event": "requests left out", **left_out})
        self._writer.close()
        for file in (self._log, self._sample):
            if file:
                file.close()

    def _count_left_out(self) -> dict[str, int]:
        count = self._lines.take_left_out() + self._failures.take_left_out()
        return {"left_out_before": count} if count else {}

    def _say(self, stream: TextIO, level: str, event: str, facts: dict[str, Any]) -> None:
        say_line(stream, level, event, release=self._release, **facts)
        self._add(self._log, {"level": level, "event": event, **facts})

    def _add(self, file: logging.Handler | None, facts: dict[str, Any]) -> None:
        self._writer.add(file, _as_line({"release": self._release, **facts}))


def _open_file(path: Path, max_bytes: int, files: int) -> logging.Handler:
    # The handler opens its file only with the first line, too late to report a failure.
    os.close(open_regular(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666))
    return _File(str(path), maxBytes=max_bytes, backupCount=files, encoding="utf-8")


def _report_failure(path: Path, error: BaseException | None) -> None:
    facts = {"path": str(path), "reason": error.strerror if isinstance(error, OSError) else str(error)}
    if isinstance(error, PermissionError):
        # The folder's name alone: its path in a container is not that on the host.
        folder = path.name if path.is_dir() else path.parent.name
        facts["fix"] = f"sudo chown -R {os.geteuid()}:{os.getegid()} {folder}"
    say_line(sys.stderr, "error", "log not written", **facts)
