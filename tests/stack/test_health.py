"""Health as Docker sees it, models that are missing or damaged, and folders of other owners."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.stack.conftest import MakeStack, open_stack
from tests.stack.loads import press
from tests.stack.stacks import (
    API,
    EDGE,
    Stack,
    execute,
    find_worker,
    freeze,
    health,
    inspect,
    send,
    wait_for,
)

OTHER_USER = 4321
APP_USER = 1000
QUICK = {"interval": "1s", "timeout": "2s", "retries": 2, "start_period": "60s", "start_interval": "1s"}


@pytest.fixture(scope="module")
def version(small_bundle: Path) -> str:
    """The version of the small bundle."""
    return (small_bundle / "champion").read_text().strip()


@pytest.fixture(scope="module")
def pinned(root: Path, tmp_path_factory: pytest.TempPathFactory, image: str, version: str) -> Iterator[Stack]:
    """One replica that may serve one version only, which its empty artifacts/ lacks; no edge, no watchdog."""
    with open_stack(root, tmp_path_factory.mktemp("stack"), image, "pinned") as stack:
        stack.settings["MODEL_VERSION"] = version
        stack.override({API: {"healthcheck": QUICK, "environment": {"CARPRICE_WATCHDOG_SECONDS": 3600}}})
        stack.up("--scale", f"{API}=1", API)
        yield stack


def ask_status(stack: Stack) -> dict[str, Any]:
    """What the only replica says of itself, asked inside its container."""
    [container] = stack.containers(API)
    done = execute(container, "curl", "-s", "-m", "5", "localhost:5000/info/status", check=False)
    return json.loads(done.stdout) if done.stdout else {}


def wait_for_reason(stack: Stack, text: str) -> None:
    last: dict[str, Any] = {}

    def says() -> bool:
        nonlocal last
        last = ask_status(stack)
        return text in last.get("detail", "")

    wait_for(says, f"{text!r} as the reason")
    assert last["status"] == 503
    assert last["title"] == "Service Unavailable"


def copy_bundle(small_bundle: Path, stack: Stack) -> None:
    shutil.copytree(small_bundle, stack.folder / "artifacts", dirs_exist_ok=True)


def test_health_goes_from_starting_through_unhealthy_to_healthy_and_back(
    pinned: Stack, small_bundle: Path, version: str
) -> None:
    [container] = pinned.containers(API)
    wait_for(lambda: inspect(container)["State"]["Health"]["Log"], "the first check")
    assert health(container) == "starting", "within its start period, 503 is no failure"
    wait_for_reason(pinned, f"has no bundle {version}")
    copy_bundle(small_bundle, pinned)
    wait_for(lambda: health(container) == "healthy", "healthy with the model in its place")
    worker = find_worker(container)
    freeze(container, worker)
    wait_for(lambda: health(container) == "unhealthy", "unhealthy while it stands still")
    send(container, worker, "CONT")
    wait_for(lambda: health(container) == "healthy", "healthy again")
    assert inspect(container)["RestartCount"] == 0


@pytest.mark.slow
def test_damage_is_named_and_mended_without_a_restart(pinned: Stack, small_bundle: Path, version: str) -> None:
    artifacts = pinned.folder / "artifacts"
    bundle = artifacts / version
    shutil.rmtree(bundle, ignore_errors=True)
    pinned.compose("restart", API)
    [container] = pinned.containers(API)
    wait_for_reason(pinned, f"has no bundle {version}")

    copy_bundle(small_bundle, pinned)
    wait_for(lambda: ask_status(pinned).get("status") == "ready", "the model is picked up")

    for name in ("model.pkl", "scaler.pkl", "encoders.pkl"):
        (bundle / name).rename(bundle / f"{name}.away")
    pinned.compose("restart", API)
    wait_for_reason(pinned, f"{version}/encoders.pkl: is missing")
    (bundle / "encoders.pkl.away").rename(bundle / "encoders.pkl")
    wait_for_reason(pinned, f"{version}/scaler.pkl: is missing")
    whole = (bundle / "scaler.pkl.away").read_bytes()
    (bundle / "scaler.pkl").write_bytes(whole[: len(whole) // 2])
    wait_for_reason(pinned, f"{version}/scaler.pkl: is truncated: should have {len(whole)} bytes")
    (bundle / "scaler.pkl").write_bytes(whole)
    wait_for_reason(pinned, f"{version}/model.pkl: is missing")
    (bundle / "model.pkl.away").rename(bundle / "model.pkl")
    wait_for(lambda: ask_status(pinned).get("status") == "ready", "the mended model is picked up")

    (bundle / "model.pkl").chmod(0o000)
    pinned.compose("restart", API)
    wait_for_reason(pinned, f"{version}/model.pkl: may not be read by user 1000")
    artifacts.chmod(0o700)
    (bundle / "model.pkl").chmod(0o644)
    if os.getuid() != APP_USER:
        wait_for_reason(pinned, f"{version}: may not be read by user 1000")
    artifacts.chmod(0o755)
    wait_for(lambda: ask_status(pinned).get("status") == "ready", "the readable model is picked up")
    assert inspect(container)["RestartCount"] == 0, "no damage is a reason to crash"


def give_to(folder: Path, user: int) -> None:
    """Let a folder belong to a user, and no other write in it: a checkout of somebody else."""
    os.chown(folder, user, user)
    folder.chmod(0o755)


as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to another user")


@pytest.mark.slow
@as_root
def test_a_checkout_of_root_works_and_says_once_what_to_do_about_its_logs(make_stack: MakeStack) -> None:
    stack = make_stack("owners")
    give_to(stack.folder / "logs", 0)
    stack.up("--scale", f"{API}=1", EDGE)
    stack.wait_ready(replicas=1)
    lines = [line for line in stack.log(API).splitlines() if "log not written" in line]
    assert len(lines) == 1
    assert '"path": "/app/logs", "reason": "Permission denied", "fix": "sudo chown -R 1000:1000 logs"' in lines[0]
    [container] = stack.containers(API)
    assert inspect(container)["RestartCount"] == 0

    give_to(stack.folder / "logs", APP_USER)
    stack.compose("restart", API)
    stack.wait_ready(replicas=1)
    stack.ask("/info/model")
    wait_for(lambda: (stack.folder / "logs" / "api.jsonl").exists(), "the mended folder has its log")

    give_to(stack.folder / "logs", OTHER_USER)
    shutil.rmtree(stack.folder / "logs")
    (stack.folder / "logs").mkdir()
    give_to(stack.folder / "logs", OTHER_USER)
    (stack.folder / ".env").write_text(f"APP_UID={OTHER_USER}\nAPP_GID={OTHER_USER}\n")
    stack.up("--scale", f"{API}=1", EDGE)
    stack.wait_ready(replicas=1)
    [container] = stack.containers(API)
    assert execute(container, "id", "-u").stdout.strip() == str(OTHER_USER)
    written = wait_for(lambda: list((stack.folder / "logs").glob("*.jsonl")), "the user of .env writes the log")
    assert {path.stat().st_uid for path in written} == {OTHER_USER}


@pytest.mark.slow
def test_replicas_share_their_log_without_a_torn_or_lost_line(make_stack: MakeStack) -> None:
    stack = make_stack("torn")
    (stack.folder / "logs").chmod(0o777)
    limits = {"CARPRICE_LOG_BYTES": 50_000, "CARPRICE_LOG_FILES": 200, "CARPRICE_LOG_LINES_PER_SECOND": 1000}
    stack.override({API: {"environment": limits}})
    stack.up(EDGE)
    stack.wait_ready(replicas=2)
    fields = stack.ask("/info/features").json()["fields"]
    listing = {field["name"]: field["values"][0] if "values" in field else field["typical"] for field in fields}
    with press(stack.port, listing) as load:
        wait_for(lambda: load.asked > 2000, "2,000 requests")
    assert load.failed == []
    stack.compose("stop", EDGE)
    stack.compose("stop", API)
    files = sorted((stack.folder / "logs").glob("api.jsonl*"))
    assert len(files) > 5, "it has rotated"
    lines = [json.loads(line) for path in files for line in path.read_text().splitlines()]
    named = [line["request_id"] for line in lines if line["event"] == "request" and "load-" in line["request_id"]]
    left_out = sum(line.get("left_out_before", 0) for line in lines)
    assert len(named) == len(set(named))
    assert load.asked - left_out - 10 <= len(named) <= load.asked
