"""The log and the sample: bounded, rotated by size, shared between processes, never in the way."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from tests.api.calls import as_json, call, find_state
from tests.api.conftest import MakeApp, wait_until
from tests.model.cars import UK_CAR, change

from carprice.api import request_log
from carprice.api.request_log import RequestLog
from carprice.feedback.samples import Samples
from carprice.settings import Settings

WRITERS = 3
LINES = 400


def read_lines(folder: Path, pattern: str) -> list[dict[str, Any]]:
    """Every line of the files, each of which must be whole."""
    return [json.loads(line) for path in folder.glob(pattern) for line in path.read_text().splitlines()]


def price(app: Flask, car: Any = UK_CAR, query: str = "", **headers: str) -> int:
    return call(app.wsgi_app, "POST", f"/predict/price{query}", as_json(car), headers=headers).status


def close(app: Flask) -> None:
    find_state(app).close()


def test_a_request_is_one_line(app: Flask, tmp_path: Path) -> None:
    price(app, **{"X-Request-ID": "abc"})
    close(app)
    line = next(line for line in read_lines(tmp_path / "logs", "api.jsonl") if line["event"] == "request")
    assert line.pop("time").endswith("+00:00")
    assert 0 < line.pop("ms") < 1000
    assert line == {
        "release": "r1",
        "level": "info",
        "event": "request",
        "request_id": "abc",
        "method": "POST",
        "path": "/predict/price",
        "status": 200,
        "model_version": find_state(app).version,
    }


def test_lines_have_no_control_characters(app: Flask, tmp_path: Path) -> None:
    """Of C1, which a terminal may obey, or that turn the order of letters around."""
    call(app.wsgi_app, "GET", "/\u009b31m\u202e\x1b".encode().decode("latin-1"))
    price(app, change(UK_CAR, make="\u202eFord\u009b"))
    close(app)
    for name in ("api.jsonl", "requests.jsonl"):
        assert (tmp_path / "logs" / name).read_text().replace("\n", "").isascii()


def test_the_sample_holds_valid_single_requests_with_their_answers(app: Flask, tmp_path: Path) -> None:
    odd = change(UK_CAR, make="Frod", tax=None)
    for car in (UK_CAR, change(UK_CAR, year=3), odd, {}, [UK_CAR]):
        price(app, car)
    price(app, query="?explain=1", **{"X-Request-ID": "abc"})
    call(app.wsgi_app, "POST", "/predict/batch", as_json([UK_CAR]))
    call(app.wsgi_app, "POST", "/predict/price", b"nonsense")
    answer = call(app.wsgi_app, "POST", "/predict/price", as_json(UK_CAR)).json
    close(app)
    samples = read_lines(tmp_path / "logs", "requests.jsonl")
    assert [sample["listing"] for sample in samples] == [UK_CAR, odd, UK_CAR, UK_CAR]
    assert samples[0]["answer"] == {key: answer[key] for key in ("price", "low", "high")}
    assert samples[2]["request_id"] == "abc"
    assert samples[0]["model_version"] == find_state(app).version
    assert samples[0]["release"] == "r1"


def test_probes_stay_out_of_the_log(app: Flask, tmp_path: Path) -> None:
    for path in ("/livez", "/readyz", "/info/status", "/metrics", "/info/model"):
        call(app.wsgi_app, "GET", path)
    close(app)
    assert [line["path"] for line in read_lines(tmp_path / "logs", "api.jsonl") if "path" in line] == [
        "/info/model"
    ]


def test_a_long_path_is_cut(app: Flask, tmp_path: Path) -> None:
    call(app.wsgi_app, "GET", "/" + "x" * 5000)
    close(app)
    line = read_lines(tmp_path / "logs", "api.jsonl")[-1]
    assert line["path"] == "/" + "x" * 199


def make_log(tmp_path: Path, **changes: Any) -> RequestLog:
    return RequestLog(Settings(logs_dir=tmp_path / "logs", release="r1", **changes))


def add(log: RequestLog, now: float, status: int = 200) -> None:
    if log.wants_request(now, status):
        log.add_request("id", "", "GET", "/", status, 0.001, "v")


def test_what_is_over_the_budget_is_left_out_and_counted(tmp_path: Path) -> None:
    log = make_log(tmp_path, log_lines_per_second=3)
    for _ in range(10):
        add(log, 100.0)
    for _ in range(5):
        add(log, 100.5, 503)
    add(log, 101.5)
    add(log, 101.6)
    log.close()
    lines = read_lines(tmp_path / "logs", "api.jsonl")
    assert [line["status"] for line in lines] == [200, 200, 200, 503, 503, 503, 200, 200]
    # Seven of the first second were left out before the first failure, two failures after the last.
    assert [line.get("left_out_before") for line in lines] == [None] * 3 + [7, None, None, 2, None]


def test_a_clock_that_goes_back_loses_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line has the time that the clock said; place, budget and what is newest do not go by it."""
    times = [datetime(2027, 1, 1, hour, tzinfo=UTC) for hour in (12, 13, 2, 3)]

    class Clock:
        said = iter(times)

        @classmethod
        def now(cls, _: Any) -> datetime:
            return next(cls.said)

    monkeypatch.setattr(request_log, "datetime", Clock)
    log = make_log(tmp_path, log_lines_per_second=3)
    for now in (100.0, 100.1):
        add(log, now)
    for number in range(2):
        log.add_sample(f"id-{number}", "v", {"make": "Ford"}, {"price": 1.0, "low": 1.0, "high": 1.0})
    log.close()
    lines = read_lines(tmp_path / "logs", "api.jsonl") + read_lines(tmp_path / "logs", "requests.jsonl")
    assert [line["time"] for line in lines] == [time.isoformat(timespec="milliseconds") for time in times]
    assert [sample.request_id for sample in Samples(tmp_path / "logs").list_newest(2)] == ["id-1", "id-0"]


def test_what_was_left_out_last_is_told_at_the_end(tmp_path: Path) -> None:
    log = make_log(tmp_path, log_lines_per_second=3)
    for _ in range(10):
        add(log, 100.0)
    log.close()
    last = read_lines(tmp_path / "logs", "api.jsonl")[-1]
    assert (last["event"], last["left_out_before"]) == ("requests left out", 7)


def test_the_sample_has_a_budget_of_its_own(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(samples_per_second=2)
    for _ in range(50):
        price(app)
    close(app)
    assert 2 <= len(read_lines(tmp_path / "logs", "requests.jsonl")) <= 8


def test_both_files_rotate_by_size(tmp_path: Path) -> None:
    log = make_log(tmp_path, log_bytes=2000, log_files=2, sample_bytes=1000, log_lines_per_second=10_000)
    for number in range(300):
        add(log, 1.0)
        log.add_sample(f"id{number}", "v", UK_CAR, {"price": 1})
    log.close()
    files = {path.name: path.stat().st_size for path in (tmp_path / "logs").glob("[!.]*.jsonl*")}
    assert set(files) == {"api.jsonl", "api.jsonl.1", "api.jsonl.2", "requests.jsonl", "requests.jsonl.1"}
    assert all(size < 2200 for name, size in files.items() if name.startswith("api"))
    assert all(size < 1400 for name, size in files.items() if name.startswith("requests"))
    samples = read_lines(tmp_path / "logs", "requests.jsonl*")
    assert {sample["request_id"] for sample in samples} == {
        f"id{300 - back}" for back in range(1, len(samples) + 1)
    }


SCRIPT = f"""
import sys
from pathlib import Path
from carprice.api.request_log import RequestLog
from carprice.settings import Settings
log = RequestLog(Settings(logs_dir=Path(sys.argv[1]), release=sys.argv[2], log_bytes=20_000, log_files=50))
for number in range({LINES}):
    log.add_request(str(number), "", "GET", "/", 200, 0.0, "v")
log.close()
"""


def test_processes_share_the_folder(tmp_path: Path, root: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(root / "src")}
    processes = [
        subprocess.Popen([sys.executable, "-c", SCRIPT, str(tmp_path), f"r{number}"], env=environment)
        for number in range(WRITERS)
    ]
    assert [process.wait(60) for process in processes] == [0] * WRITERS
    lines = read_lines(tmp_path, "api.jsonl*")
    assert len(lines) == WRITERS * LINES
    assert len({(line["release"], line["request_id"]) for line in lines}) == WRITERS * LINES
    assert len(list(tmp_path.glob("api.jsonl.*"))) > 5


def test_a_folder_that_cannot_be_made_does_not_stop_serving(
    make_app: MakeApp, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    app = make_app(logs_dir=tmp_path / "file" / "logs")
    assert price(app) == 200
    close(app)
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line["reason"]) for line in said] == [("log not written", "Not a directory")]
    assert said[0]["path"] == str(tmp_path / "file" / "logs")


def test_a_disk_that_fills_up_does_not_stop_serving(
    app: Flask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = tmp_path / "logs"
    price(app)
    wait_until(lambda: (logs / "requests.jsonl").stat().st_size)
    for path in list(logs.iterdir()):
        path.unlink()
    logs.rmdir()
    logs.write_text("")
    for _ in range(20):
        assert price(app) == 200
    close(app)
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert len(said) == 2, "once for each file"
    assert {line["event"] for line in said} == {"log not written"}


def test_a_replica_that_stands_still_with_the_lock_holds_nobody(app: Flask, tmp_path: Path) -> None:
    import fcntl

    price(app)
    locks = wait_until(lambda: list((tmp_path / "logs").glob(".__*")))
    handles = [path.open("w") for path in locks]
    for handle in handles:
        fcntl.flock(handle, fcntl.LOCK_EX)
    assert [price(app) for _ in range(1500)] == [200] * 1500
    for handle in handles:
        handle.close()


def test_the_sample_can_be_switched_off(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(samples_per_second=0)
    assert price(app) == 200
    close(app)
    assert [path.name for path in (tmp_path / "logs").glob("[a-z]*")] == ["api.jsonl"]


def test_lines_of_requests_can_be_switched_off(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(log_lines_per_second=0)
    assert price(app) == 200
    close(app)
    events = {line["event"] for line in read_lines(tmp_path / "logs", "api.jsonl")}
    assert events == {"model loaded", "requests left out"}


def test_the_log_has_nothing_of_who_asked_or_for_what(app: Flask, tmp_path: Path) -> None:
    call(
        lambda environ, start: app.wsgi_app({**environ, "REMOTE_ADDR": "198.51.100.7"}, start),
        "POST",
        "/predict/price?id=plate",
        as_json(change(UK_CAR, make="a name")),
        headers={"User-Agent": "a browser", "X-Forwarded-For": "203.0.113.9", "Cookie": "a=b"},
    )
    close(app)
    text = (tmp_path / "logs" / "api.jsonl").read_text()
    assert not [word for word in ("198.51", "203.0", "plate", "a name", "a browser", "a=b") if word in text]
