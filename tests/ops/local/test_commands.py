"""The commands of the local stack, over the real API and, once, a real MLflow server."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from urllib.request import urlopen

import psutil
import pytest
from tests.ops.local.conftest import as_environment, end_stack, wait_until

from carprice.ops.local.health import check_health
from carprice.ops.local.services import build_services
from carprice.settings import Settings

Run = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """Start `carprice WORDS`, its output in one pipe."""
    started = []

    def start_command(*words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "carprice", *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        process = subprocess.Popen(command, env=as_environment(settings), text=True, **pipes)
        started.append(process)
        return process

    yield start_command
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """What a command printed up to the line with the text."""
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return "".join(lines)
    raise AssertionError(f"{text!r} is not in:\n{''.join(lines)}")


def is_healthy(settings: Settings) -> bool:
    return check_health(build_services(settings)[-1]).is_healthy


def read_status(run: Run, **more: Settings) -> list[dict[str, object]]:
    document = json.loads(run("status", "--json", **more).stdout)
    assert (document["schema"], document["kind"]) == (1, "status")
    return document["data"]


def test_nothing_is_up(run: Run, settings: Settings) -> None:
    assert run("down").stderr == "Stopping ...\nNothing was up.\n"
    assert run("status").stdout == (
        "SERVICE        STATE    HEALTH  RESTARTS  RELEASE  MODEL  UPTIME  MEMORY  PORT\n"
        f"car-price-api  Stopped  -       0         -        -      -       -       {settings.port}\n"
    )
    restart = run("restart")
    assert (restart.returncode, restart.stderr) == (1, "Error: Nothing is up\nStart it: ./carprice up\n")
    assert run("logs", "database").stderr == ("Error: There is no service 'database'\nServices: car-price-api\n")


def test_the_whole_stack(run: Run, whole_settings: Settings) -> None:
    on = whole_settings
    up = run("up", "-d", on=on)
    assert up.returncode == 0, up.stderr
    assert f"  car-price-api  http://localhost:{on.port}  (try it: /api/docs)\n" in up.stderr
    assert f"  mlflow-server  http://localhost:{on.mlflow_port}\n" in up.stderr
    assert re.search(r"^Up in \d+\.\d s$", up.stderr, re.MULTILINE)

    mlflow, api = read_status(run, on=on)
    assert (api["state"], api["health"], api["restarts"], api["port"]) == ("Serving", "healthy", 0, on.port)
    assert (mlflow["state"], mlflow["health"]) == ("Running", "healthy")
    assert api["model_version"] == (on.artifacts_dir / "champion").read_text().strip()
    assert 20e6 < api["memory_bytes"] < 200e6
    with urlopen(f"http://127.0.0.1:{on.mlflow_port}/version") as answer:
        assert answer.read() == b"3.17.2"
    assert (on.var_dir / "mlflow" / "mlflow.db").exists()

    for service in (mlflow, api):
        psutil.Process(service["pid"]).kill()
    wait_until(lambda: [item["restarts"] for item in read_status(run, on=on)] == [1, 1])
    wait_until(lambda: all(check_health(service).is_healthy for service in build_services(on)), 120)
    assert [item["health"] for item in read_status(run, on=on)] == ["healthy", "healthy"]

    assert "mlflow-server | " in run("logs", "-n", "5", on=on).stdout
    down = run("down", on=on)
    assert re.fullmatch(r"Stopping \.\.\.\nDown in \d+\.\d s\n", down.stderr)
    assert [item["state"] for item in read_status(run, on=on)] == ["Stopped", "Stopped"]
    end_stack(on)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_foreground_ends_everything(start: Start, settings: Settings, number: signal.Signals) -> None:
    up = start("up")
    shown = read_until(up, "model loaded")
    assert "Ctrl-C stops everything." in shown
    assert is_healthy(settings)
    up.send_signal(number)
    assert up.communicate()[0].endswith("\nStopping ...\nStopped.\n")
    assert up.returncode == 130
    assert not is_healthy(settings)


def test_ctrl_c_while_it_starts(start: Start, settings: Settings) -> None:
    (settings.artifacts_dir / "champion").write_text("20010101T000000Z\n")  # is not there: never healthy
    up = start("up")
    read_until(up, "Waiting for car-price-api ...")
    up.send_signal(signal.SIGINT)
    up.communicate()
    assert up.returncode == 130
    end_stack(settings)


def test_the_foreground_ends_with_the_stack(start: Start, run: Run) -> None:
    up = start("up")
    read_until(up, "model loaded")
    run("down")
    assert up.communicate()[0].endswith("\nThe stack was taken down.\n")
    assert up.returncode == 0


def test_up_in_the_foreground_of_a_running_stack_leaves_it_alone(run: Run, settings: Settings) -> None:
    run("up", "-d")
    again = run("up")
    assert (again.returncode, again.stderr.splitlines()[1]) == (0, "Already up.")
    assert is_healthy(settings)


def test_logs_follow_until_the_stack_is_down(start: Start, run: Run) -> None:
    run("up", "-d")
    logs = start("logs", "-f", "-n", "1", "car-price-api")
    first = read_until(logs, "car-price-api | ")
    assert "\x1b" not in first
    run("restart", "car-price-api")
    read_until(logs, "model loaded")
    run("down")
    logs.communicate(timeout=30)
    assert logs.returncode == 0


def test_logs_end_quietly_on_ctrl_c(start: Start, run: Run) -> None:
    run("up", "-d")
    logs = start("logs", "-f")
    read_until(logs, "model loaded")
    logs.send_signal(signal.SIGINT)
    assert "Traceback" not in logs.communicate()[0]
    assert logs.returncode == 130
