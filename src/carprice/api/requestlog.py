"""JSON lines in logs/: what happened, and a sample of valid requests with their answers.

Both files rotate by size. Replicas may share the folder: concurrent-log-handler takes a file lock for each
line, so a busy service writes a bounded number of lines a second and says how many it left out.
"""

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from concurrent_log_handler import ConcurrentRotatingFileHandler

from carprice.settings import Settings

LOG_FILE = "api.jsonl"
SAMPLE_FILE = "requests.jsonl"
SAMPLE_FILES = 1


class _Budget:
    """At most so many a second; counts what went over. Times are seconds of any clock that only goes forward."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._left = 0
        self._ends = 0.0
        self._lock = threading.Lock()
        self.left_out = 0

    def take(self, now: float) -> bool:
        with self._lock:
            if now >= self._ends:
                self._left, self._ends = self._per_second, now + 1
            if self._left:
                self._left -= 1
                return True
            self.left_out += 1
            return False


class RequestLog:
    """The log and the sample of one process. A folder that cannot be written costs its lines, not the answers."""

    def __init__(self, settings: Settings) -> None:
        self._release = settings.release
        self._lines = _Budget(settings.log_lines_per_second)
        self._samples = _Budget(settings.samples_per_second)
        self._log = _open_file(settings.logs_dir / LOG_FILE, settings.log_bytes, settings.log_files)
        self._sample = _open_file(settings.logs_dir / SAMPLE_FILE, settings.sample_bytes, SAMPLE_FILES)

    def info(self, event: str, **facts: Any) -> None:
        """Something worth knowing, also on stdout."""
        self._write("info", event, facts, sys.stdout)

    def error(self, event: str, **facts: Any) -> None:
        """Something that needs a person, also on stderr."""
        self._write("error", event, facts, sys.stderr)

    def wants_request(self, now: float, status: int) -> bool:
        """Whether this request is to be logged: failures always, the rest within the lines a second."""
        return self._lines.take(now) or status >= 500

    def add_request(
        self, request_id: str, trace: str, method: str, path: str, status: int, seconds: float, version: str
    ) -> None:
        """One request."""
        facts: dict[str, Any] = {"request_id": request_id, "method": method, "path": path, "status": status}
        facts |= {"ms": round(seconds * 1000, 3), "model_version": version}
        if trace:
            facts["trace_id"] = trace
        if self._lines.left_out:
            facts["left_out_before"], self._lines.left_out = self._lines.left_out, 0
        self._emit(self._log, {"level": "info" if status < 500 else "error", "event": "request", **facts})

    def wants_sample(self, now: float) -> bool:
        """Whether this second has room for one more sample."""
        return self._samples.take(now)

    def add_sample(self, request_id: str, version: str, listing: Any, answer: dict[str, Any]) -> None:
        """A valid request with its answer, for replay against another model."""
        facts = {"request_id": request_id, "model_version": version, "listing": listing, "answer": answer}
        self._emit(self._sample, facts)

    def close(self) -> None:
        """Close the files."""
        for handler in (self._log, self._sample):
            if handler:
                handler.close()

    def _write(self, level: str, event: str, facts: dict[str, Any], stream: Any) -> None:
        line = {"level": level, "event": event, **facts}
        print(json.dumps(line, ensure_ascii=False), file=stream, flush=True)
        self._emit(self._log, line)

    def _emit(self, handler: logging.Handler | None, facts: dict[str, Any]) -> None:
        if handler is None:
            return
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
        text = json.dumps({"time": stamp, "release": self._release, **facts}, ensure_ascii=False)
        handler.handle(logging.LogRecord("carprice", logging.INFO, "", 0, text, None, None))


def _open_file(path: Path, max_bytes: int, files: int) -> logging.Handler | None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a"):
            pass
        return ConcurrentRotatingFileHandler(str(path), maxBytes=max_bytes, backupCount=files, encoding="utf-8")
    except OSError as error:
        print(
            f"{path}: cannot be written ({error.strerror}); serving goes on without it",
            file=sys.stderr,
            flush=True,
        )
        return None
