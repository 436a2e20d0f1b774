"""Erasing what is kept of requests, while it is being written, and whatever lies in the folder."""

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.feedback.test_store import make_entry

from carprice.api.request_log import RequestLog
from carprice.feedback import erasure
from carprice.feedback.erasure import Erased, erase_older, erase_request
from carprice.feedback.store import FeedbackStore
from carprice.settings import Settings
from carprice.system.locks import hold_lock

OLD = "2020-01-01T00:00:00.000+00:00"
WRITES = 300


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "logs").mkdir()
    return Settings(logs_dir=tmp_path / "logs", var_dir=tmp_path / "var", log_lines_per_second=10**6)


def write_lines(path: Path, *ids: str, time: str = OLD) -> None:
    lines = [json.dumps({"time": time, "request_id": name, "listing": {"title": "a plate"}}) for name in ids]
    path.write_text("".join(f"{line}\n" for line in lines))


def read_ids(*paths: Path) -> list[str]:
    return [json.loads(line)["request_id"] for path in paths for line in path.read_text().splitlines()]


def open_store(settings: Settings) -> FeedbackStore:
    return FeedbackStore(settings.feedback_file, 100, settings.feedback_bytes)


def test_a_request_is_erased_from_every_file(settings: Settings) -> None:
    names = ("requests.jsonl", "requests.jsonl.1", "api.jsonl", "api.jsonl.5")
    files = [settings.logs_dir / name for name in names]
    for path in files:
        write_lines(path, "a", "r1", "b")
    files[0].chmod(0o640)
    open_store(settings).add([make_entry(1), make_entry(2)])
    assert erase_request(settings, "r1") == Erased(sample=2, log=2, feedback=1)
    assert erase_request(settings, "r1") == Erased(0, 0, 0)
    assert read_ids(*files) == ["a", "b"] * 4
    assert [entry.request_id for entry in open_store(settings).list_entries()] == ["r2"]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o640
    assert sorted(path.name for path in settings.logs_dir.iterdir()) == sorted(names)


def test_what_is_older_is_erased_and_feedback_where_asked_to(settings: Settings) -> None:
    for name in ("requests.jsonl.1", "api.jsonl"):
        write_lines(settings.logs_dir / name, "old")
    recent = (datetime.now(UTC) - timedelta(days=2)).isoformat(timespec="milliseconds")
    write_lines(settings.logs_dir / "requests.jsonl", "recent", time=recent)
    open_store(settings).add([make_entry(1)])
    assert erase_older(settings, 3) == Erased(sample=1, log=1, feedback=0)
    assert erase_older(settings, 3, feedback=True) == Erased(0, 0, feedback=1)
    assert erase_older(settings, 1) == Erased(sample=1, log=0, feedback=0)


def test_nothing_there(settings: Settings) -> None:
    assert erase_request(settings, "r1") == Erased(0, 0, 0)
    assert erase_older(settings, 0, feedback=True) == Erased(0, 0, 0)
    assert not settings.feedback_file.exists()


def test_the_service_goes_on_writing_meanwhile(settings: Settings) -> None:
    log = RequestLog(settings)
    with ThreadPoolExecutor(1) as pool:
        for number in range(WRITES):
            if number == WRITES // 3:
                erasing = pool.submit(lambda: [erase_request(settings, "gone") for _ in range(20)])
            log.add_request("gone" if number < 5 else f"r{number}", "", "GET", "/", 200, 0.001, "v")
        erasing.result()
    log.close()
    erase_request(settings, "gone")
    ids = read_ids(settings.logs_dir / "api.jsonl")
    assert ids == [f"r{number}" for number in range(5, WRITES)], "no other line was lost"


def test_torn_lines_go_too(settings: Settings) -> None:
    path = settings.logs_dir / "requests.jsonl"
    write_lines(path, "a", "b")
    path.write_text(f'{{"request_id": "a", "lis\n{path.read_text()}')
    assert erase_request(settings, "a").sample == 1
    assert read_ids(path) == ["b"]


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("../victim"), Path.mkdir])
def test_what_is_no_plain_file_is_left_alone(settings: Settings, make: Any) -> None:
    victim = settings.logs_dir.parent / "victim"
    write_lines(victim, "a")
    make(settings.logs_dir / "requests.jsonl")
    (settings.logs_dir / f".requests.jsonl.1.{os.getpid()}").symlink_to("../victim")
    write_lines(settings.logs_dir / "requests.jsonl.1", "a")
    assert erase_request(settings, "a").sample == 1
    assert read_ids(victim) == ["a"]


def test_a_lock_that_is_held_is_said(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "LOCK_SECONDS", 0.0)
    write_lines(settings.logs_dir / "api.jsonl", "a")
    lock = settings.logs_dir / ".__api.jsonl.lock"
    lock.touch()
    with hold_lock(lock), pytest.raises(erasure.FeedbackError, match="is being written all the time"):
        erase_request(settings, "a")
