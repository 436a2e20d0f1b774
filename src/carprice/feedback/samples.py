"""The sample of requests that the service keeps in logs/: which car a request was about, and the answer."""

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from carprice.feedback.entry import Answer
from carprice.names import MIB, SAMPLE_FILE
from carprice.system.files import read_regular

MAX_BYTES = 16 * MIB
"""Of each of its files."""


class Sample(NamedTuple):
    """One valid request: its listing and what was answered, as JSON has them."""

    request_id: str
    listing: dict[str, Any]
    answer: Answer


class Samples:
    """The samples of a folder of logs, read when they are asked for."""

    def __init__(self, logs_dir: Path) -> None:
        self._paths = [logs_dir / name for name in (SAMPLE_FILE, f"{SAMPLE_FILE}.1")]

    def find(self, request_id: str) -> Sample | None:
        """The request of that id, or None where it is not, or no longer, in the sample."""
        wanted = f'"request_id": {json.dumps(request_id)}'.encode()
        for data in self._read():
            place = data.rfind(wanted)
            while place >= 0:
                start, end = data.rfind(b"\n", 0, place) + 1, data.find(b"\n", place)
                sample = _read_sample(data[start : end if end >= 0 else None])
                if sample and sample.request_id == request_id:
                    return sample
                place = data.rfind(wanted, 0, start)
        return None

    def list_newest(self, count: int) -> list[Sample]:
        """The newest `count` requests, the newest first."""
        lines = chain.from_iterable(_lines_backwards(data) for data in self._read())
        found = (sample for line in lines if (sample := _read_sample(line)))
        return [sample for _, sample in zip(range(count), found, strict=False)]

    def _read(self) -> Iterator[bytes]:
        for path in self._paths:
            try:
                yield read_regular(path, MAX_BYTES)
            except OSError:
                continue


def _lines_backwards(data: bytes) -> Iterator[bytes]:
    end = len(data)
    while end > 0:
        start = data.rfind(b"\n", 0, end - 1) + 1
        yield data[start:end]
        end = start


def _read_sample(line: bytes) -> Sample | None:
    """None for a line that a crash tore, or that is another's."""
    try:
        facts = json.loads(line)
        answer = msgspec.convert({**facts["answer"], "model_version": facts["model_version"]}, Answer)
        return Sample(facts["request_id"], dict(facts["listing"]), answer)
    except (ValueError, TypeError, KeyError, RecursionError, msgspec.ValidationError):
        return None
