import logging
import logging.handlers
from dataclasses import replace
from pathlib import Path

import pytest

from carprice.ops.local import logs
from carprice.ops.local.logs import LogReader, follow_logs, measure_logs, read_tail, read_tails
from carprice.ops.local.services import build_services
from carprice.settings import Settings


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "service.log"


@pytest.mark.parametrize("block", [1, 7, 65_536])
@pytest.mark.parametrize(("count", "first"), [(0, 10), (1, 9), (3, 7), (10, 0), (50, 0)])
def test_last_lines(log: Path, monkeypatch: pytest.MonkeyPatch, block: int, count: int, first: int) -> None:
    monkeypatch.setattr(logs, "BLOCK_BYTES", block)
    log.write_text("".join(f"line {number}\n" for number in range(10)))
    assert read_tail(log, count) == [f"line {number}" for number in range(first, 10)]


def test_last_lines_without_a_last_newline(log: Path) -> None:
    log.write_text("one\ntwo\nthr")
    assert read_tail(log, 2) == ["two", "thr"]


def test_last_lines_go_back_over_a_rotation(log: Path) -> None:
    Path(f"{log}.1").write_text("one\ntwo\n")
    log.write_text("three\n")
    assert read_tail(log, 2) == ["two", "three"]


def test_last_lines_before_a_point(log: Path) -> None:
    log.write_text("one\ntwo\nthree\n")
    assert read_tail(log, 1, len("one\ntwo\n")) == ["two"]


def test_no_log_has_no_lines(log: Path) -> None:
    assert read_tail(log, 5) == []


def test_bytes_that_are_not_text_are_shown_all_the_same(log: Path) -> None:
    log.write_bytes(b"caf\xe9\n")
    assert read_tail(log, 1) == ["caf\ufffd"]


def test_reader_gives_complete_lines_once(log: Path) -> None:
    log.write_text("old\n")
    reader = LogReader(log, 4)
    assert reader.read_new() == []
    with log.open("a") as file:
        file.write("new\nhal")
    assert reader.read_new() == ["new"]
    with log.open("a") as file:
        file.write("f\n")
    assert reader.read_new() == ["half"]
    assert reader.read_new() == []
    reader.close()


def test_reader_waits_for_a_log_that_is_not_there_yet(log: Path) -> None:
    reader = LogReader(log, 0)
    assert reader.read_new() == []
    log.write_text("first\n")
    assert reader.read_new() == ["first"]
    reader.close()


def test_reader_loses_nothing_over_rotations(log: Path) -> None:
    handler = logging.handlers.RotatingFileHandler(log, maxBytes=200, backupCount=3)
    reader, seen = LogReader(log, 0), []
    for number in range(100):
        handler.emit(logging.makeLogRecord({"msg": f"line {number}"}))
        seen += reader.read_new()
    handler.close()
    seen += reader.read_new()
    reader.close()
    assert seen == [f"line {number}" for number in range(100)]
    assert Path(f"{log}.3").exists()


def test_following_ends_with_what_was_written_until_then(settings: Settings, tmp_path: Path) -> None:
    service = replace(build_services(settings)[0], log=tmp_path / "service.log")
    service.log.write_text("old\n")
    sizes = measure_logs([service])
    seen = list(read_tails([service], sizes, 5))

    def is_over() -> bool:
        with service.log.open("a") as file:
            file.write(f"asked {len(seen)}\n")
        return len(seen) > 0

    seen += follow_logs([service], sizes, is_over)
    assert seen == [("car-price-api", "old"), ("car-price-api", "asked 1")]
