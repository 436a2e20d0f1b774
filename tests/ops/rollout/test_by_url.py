"""Gates and bake without Docker, against real processes of two releases."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.api.calls import as_json
from tests.api.conftest import wait_until
from tests.api.process import Server
from tests.bundles import grow_bundle, invent_uk_listings
from tests.model.cars import UK_CAR
from tests.ports import find_port

from carprice.errors import StackError
from carprice.market.market_file import load_market
from carprice.model.bundle.manifest import champion_version, read_manifest
from carprice.ops.limits import Limits
from carprice.ops.metrics import read_requests
from carprice.ops.rollout.by_url import Expected, pass_gates, resolve, watch_live
from carprice.ops.rollout.gates import GateError
from carprice.settings import Settings
from carprice.system.http import Address

LIMITS = Limits(bake=1.0, warmup_p95_ms=5000.0, bake_slow_ms=5000.0)
STATUS_ROUTE = b'http_route="/info/status"'

Start = Callable[..., Server]


@pytest.fixture(scope="module")
def start(root: Path, small_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start a replica of a release over the small bundle."""
    servers: list[Server] = []

    def make(release: str = "r2", **settings: Any) -> Server:
        folder = tmp_path_factory.mktemp("replica")
        servers.append(Server(root, folder, **{"artifacts_dir": small_bundle, "release": release, **settings}))
        return servers[-1]

    yield make
    for server in servers:
        server.end()


@pytest.fixture(scope="module")
def live(start: Start) -> list[Address]:
    return find([start("r1", share_sample=1), start("r1")])


@pytest.fixture(scope="module")
def good(start: Start) -> list[Address]:
    return find([start(), start()])


@pytest.fixture(scope="module")
def expected(small_bundle: Path) -> Expected:
    version = champion_version(small_bundle) or ""
    digest = read_manifest(small_bundle / version)["files"]["model.pkl"]["sha256"]
    return Expected("r2", version, digest)


@pytest.fixture
def settings(small_bundle: Path, tmp_path: Path) -> Settings:
    return Settings(artifacts_dir=small_bundle, stack_dir=tmp_path, var_dir=tmp_path)


def find(servers: list[Server]) -> list[Address]:
    """Where they answer, once they do."""
    return [resolve(f"http://127.0.0.1:{server.wait_up().port}")[0] for server in servers]


def fail(act: Callable[[], object]) -> str:
    """The line of the gate that refuses."""
    with pytest.raises(GateError) as error:
        act()
    assert not error.value.hint, "the gate's line has to be the last"
    return str(error.value)


def run_command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "CARPRICE_STACK_DIR": folder,
        "CARPRICE_VAR_DIR": folder,
        "CARPRICE_ARTIFACTS_DIR": folder / "none",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    return subprocess.run(
        [sys.executable, "-m", "carprice", *words],
        env={**os.environ, **{name: str(value) for name, value in environment.items()}},
        capture_output=True,
        text=True,
        timeout=120,
    )


def url_of(address: Address) -> str:
    return f"http://{address.host}:{address.port}"


def test_a_good_release(live: list[Address], good: list[Address], expected: Expected, settings: Settings) -> None:
    said: list[str] = []
    pass_gates(good, live, expected, settings, LIMITS, said.append)
    passed = [line.split(":")[0] for line in said if line.startswith("Gate ")]
    assert passed == ["Gate identity", "Gate warm-up", "Gate contract", "Gate golden", "Gate shadow"]


def test_the_commands(live: list[Address], good: list[Address], expected: Expected, tmp_path: Path) -> None:
    """With exit codes and last lines, and without the bundle at hand."""
    (tmp_path / "rollout.toml").write_text("bake = 0.5\nwarmup_p95_ms = 5000\n")
    candidates = [f"--candidate={url_of(address)}" for address in good]
    wanted = f"--expect={expected.release},{expected.model},{expected.digest}"
    done = run_command(tmp_path, "gates", *candidates, f"--live={url_of(live[0])}", wanted)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"All gates passed at {good[0].name}, {good[1].name}\n"
    assert f"has no bundle {expected.model}: its golden listings are not compared here" in done.stderr
    done = run_command(tmp_path, "gates", *candidates, "--expect=r3,,")
    assert done.returncode == 1
    line = f"Error: Gate identity: {good[0].name}: release should be r3 (got r2)"
    assert done.stderr.splitlines()[-2:] == ["Read the log of that replica", line]
    done = run_command(tmp_path, "bake", f"--live={url_of(good[0])}", f"--old={url_of(live[0])}")
    assert (done.returncode, done.stdout) == (0, "No trouble in 0.5 s\n"), done.stderr
    done = run_command(tmp_path, "bake", f"--live=http://127.0.0.1:{find_port()}")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Error: Gate bake: 127.0.0.1:")
    done = run_command(tmp_path, "gates", *candidates, "--expect=a,b,c,d")
    assert done.returncode == 2
    assert "should be release,model,digest (got 'a,b,c,d')" in done.stderr


def test_a_wrong_digest(good: list[Address], expected: Expected, settings: Settings) -> None:
    wrong = replace(expected, digest="ab" * 32)
    told = fail(lambda: pass_gates(good, [], wrong, settings, LIMITS, print))
    found = expected.digest[:12]
    assert told == f"Gate identity: model.pkl should have SHA-256 abababababab (got {found})"


def test_a_lost_member(start: Start, good: list[Address], expected: Expected, settings: Settings) -> None:
    moved = find([start("r1", index_bound=0.05)])
    told = fail(lambda: pass_gates(good, moved, expected, settings, LIMITS, print))
    assert told.startswith(f"Gate contract: {good[0].name}: /predict/price should have index_moved as the live")


def test_golden_listings_that_are_off(
    good: list[Address], expected: Expected, settings: Settings, small_bundle: Path, tmp_path: Path
) -> None:
    """The bundle says 2 more than every replica answers."""
    shutil.copytree(small_bundle, tmp_path / "other")
    path = tmp_path / "other" / expected.model / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["golden"][0]["price"] += 2
    path.write_text(json.dumps(manifest))
    other = Settings(artifacts_dir=tmp_path / "other")
    told = fail(lambda: pass_gates(good, [], expected, other, LIMITS, print))
    assert told.startswith(f"Gate golden: {good[0].name}: golden[0].price: should be ")
    manifest["files"]["model.pkl"]["sha256"] = "cd" * 32
    path.write_text(json.dumps(manifest))
    told = fail(lambda: pass_gates(good, [], expected, other, LIMITS, print))
    assert told.endswith(f"should have SHA-256 {expected.digest[:12]} (got cdcdcdcdcdcd)")


@pytest.mark.slow
def test_prices_that_shift(start: Start, live: list[Address], markets_dir: Path, tmp_path: Path) -> None:
    market = load_market("uk", markets_dir)
    dear = invent_uk_listings(market).with_columns(pl.col("price") * 1.6)
    version = grow_bundle(tmp_path / "dear", dear, market, trees=20)
    shifted = find([start(artifacts_dir=tmp_path / "dear")])
    wanted, dear_settings = Expected("r2", version), Settings(artifacts_dir=tmp_path / "dear")
    live[0].ask("POST", "/predict/price", UK_CAR)  # what the shared sample then has
    told = fail(lambda: pass_gates(shifted, live, wanted, dear_settings, LIMITS, print))
    assert told.startswith("Gate shadow: median price shift is ")
    pass_gates(shifted, live, wanted, dear_settings, LIMITS, print, accept_price_shift=True)
    cars = [UK_CAR] * 200
    assert live[1].ask("POST", "/predict/batch", cars).status == 200

    def price_meanwhile() -> None:
        assert shifted[0].ask("POST", "/predict/batch", cars).status == 200

    told = fail(lambda: watch_with(shifted, price_meanwhile, old=live))
    assert told.startswith("Gate bake: the mean price moved by +")


def watch_with(live: list[Address], act: Callable[[], object], old: list[Address] | None = None) -> None:
    """Watch, and act once the watch has begun."""
    asked = count_status(live[0])
    done = threading.Thread(target=lambda: (wait_until(lambda: count_status(live[0]) >= asked + 2), act()))
    done.start()
    try:
        watch_live(live, old or [], Limits(bake=2.5, bake_slow_ms=5000.0), print)
    finally:
        done.join()


def count_status(address: Address) -> int:
    """How often its status was asked for."""
    lines = address.ask("GET", "/metrics").content.splitlines()
    counts = [line for line in lines if b"_count{" in line and STATUS_ROUTE in line]
    return sum(int(float(line.split()[-1])) for line in counts)


def test_a_rate_that_refuses(start: Start, expected: Expected, settings: Settings) -> None:
    limited = find([start(address_rate="2/s")])
    told = fail(lambda: pass_gates(limited, [], expected, settings, LIMITS, print))
    assert told.startswith(f"Gate warm-up: {limited[0].name} answered 429 while it warmed up, should be 200: ")


def test_a_dead_replica(start: Start, good: list[Address], expected: Expected, settings: Settings) -> None:
    dead = resolve(f"http://127.0.0.1:{find_port()}")
    told = fail(lambda: pass_gates([*good, *dead], [], expected, settings, LIMITS, print))
    assert told.startswith(f"Gate identity: {dead[0].name}: GET /info/status got no answer (")
    server = start()
    dying = find([server])
    told = fail(lambda: watch_with(dying, lambda: server.stop(signal.SIGTERM)))
    assert told.startswith(f"Gate bake: {dying[0].name} is not healthy any more: no answer (")


def test_a_live_release_that_does_not_answer(good: list[Address], expected: Expected, settings: Settings) -> None:
    said: list[str] = []
    pass_gates(good, resolve(f"http://127.0.0.1:{find_port()}"), expected, settings, LIMITS, said.append)
    assert "No live address answers as it should, so nothing is compared with it" in said


def test_the_sample_is_shared_only_where_it_is_switched_on(live: list[Address]) -> None:
    live[0].ask("POST", "/predict/price", UK_CAR)
    wait_until(lambda: UK_CAR in live[0].ask("GET", "/info/sample").json()["listings"])
    assert live[1].ask("GET", "/info/sample").status == 404


def test_requests_are_read_without_probes(start: Start) -> None:
    (address,) = find([start()])
    for body in (as_json(UK_CAR), b"{"):
        address.ask("POST", "/predict/price", body)
    stats = read_requests(address)
    assert (stats.requests, stats.failed, sum(stats.took.values())) == (2, 0, 2)
    assert read_requests(Address("127.0.0.1", find_port())).requests == 0


def test_every_address_behind_a_name_is_asked() -> None:
    def look_up(host: str, port: int, type: int) -> Any:
        assert (host, port) == ("next-pods", 5000)
        return [(2, 1, 6, "", (ip, port)) for ip in ("10.0.0.2", "10.0.0.1", "10.0.0.2")]

    found = resolve("http://next-pods:5000", "key", look_up)
    assert [(item.host, item.name, item.key) for item in found] == [
        ("10.0.0.1", "next-pods (10.0.0.1:5000)", "key"),
        ("10.0.0.2", "next-pods (10.0.0.2:5000)", "key"),
    ]
    assert {item.port for item in resolve("https://127.0.0.1")} == {443}
    assert [item.name for item in resolve("http://[::1]:5000")] == ["[::1]:5000"]


@pytest.mark.parametrize("url", ["pods:5000", "http://", "http://pods:port", "ftp://pods", "http://pods/x"])
def test_bad_urls(url: str) -> None:
    with pytest.raises(StackError, match="should be a URL such as http://host:5000"):
        resolve(url)


def test_a_name_without_an_address() -> None:
    with pytest.raises(StackError, match=r"http://no\.such\.invalid:1: 'no\.such\.invalid' has no address"):
        resolve("http://no.such.invalid:1")


@pytest.mark.parametrize("command", ["gates", "bake"])
def test_the_image_of_the_api_can_run_them(command: str) -> None:
    """Without what only the whole installation has."""
    missing = "psutil dotenv polars pandas numpy mlflow supervisor matplotlib rapidfuzz pyarrow scipy openpyxl"
    code = f"""
import sys
from carprice.cli.main import main
class Missing:
    def find_spec(self, name, *_):
        if name.split(".")[0] in {missing!r}.split():
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Missing())
sys.argv.append("--help")
sys.exit(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", code, command],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Usage: carprice {command} ")
