"""What TLS at the edge and signatures of bundles cost.

    PYTHONPATH=src:. .venv/bin/python benchmarks/secured.py [--write]

Needs wrk, a bundle, a Docker Engine and the images of the stack. One replica stands behind two edges with the
configuration of the stack, of which one speaks TLS; they take turns.
"""

import http.client
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from uuid import uuid4

import click
from load import middle, require_wrk, send_load, write_bodies
from processes import HOST, free_port
from table import describe_machine, format_table, print_section
from tests.ops.edge.certificates import HOST as NAME
from tests.ops.edge.certificates import issue

from carprice.model.bundle.contents import read_bundle
from carprice.model.bundle.manifest import find_bundle, read_manifest
from carprice.model.bundle.signing import load_signing_key, make_keys, sign_bundle
from carprice.names import LISTING_SCHEMA, OPENAPI_PATH, PRICE_PATH
from carprice.settings import ROOT, load_settings
from carprice.system.http import Address
from carprice.system.waiting import wait_for

PLAIN, SECURE = "HTTP", "HTTPS"
CONNECTIONS, HANDSHAKES, LOADS = 16, 200, 5
START_SECONDS = 60.0
COMMAND = "PYTHONPATH=src:. .venv/bin/python benchmarks/secured.py --write"


@click.command()
@click.option("--rounds", default=5, show_default=True, help="Turns of each edge.")
@click.option("--seconds", default=3, show_default=True, help="Seconds of load in one turn.")
@click.option("--image", default="car-price-prediction:latest", show_default=True, help="Of the replica.")
@click.option("--write", is_flag=True, help="Also write the tables to docs/benchmarks.md.")
def main(rounds: int, seconds: int, image: str, write: bool) -> None:
    """Measure and print both tables."""
    require_wrk()
    machine = describe_machine()
    lines = [f"The image's own model behind both. {machine}", ""]
    with tempfile.TemporaryDirectory() as name, run_edges(image, Path(name)) as ports:
        lines += measure_tls(ports, Path(name), rounds, seconds)
    lines += ["", *measure_signature()]
    print_section("TLS and signatures", COMMAND, lines, write)


@contextmanager
def run_edges(image: str, folder: Path) -> Iterator[dict[str, int]]:
    """The ports of two edges before one replica, all of them gone afterwards."""
    word = f"carprice-bench-{uuid4().hex[:8]}"
    site = issue("site", issue("root"), days=30, host=NAME)
    (folder / "tls").mkdir()
    (folder / "tls" / "site.pem").write_bytes(site.pem + site.key_pem())
    for path in (folder, folder / "tls", folder / "tls" / "site.pem"):
        path.chmod(0o755)  # HAProxy is another user
    docker("network", "create", word)
    ports = {PLAIN: free_port(), SECURE: free_port()}
    try:
        docker("run", "-d", "--name", f"{word}-api", "--network", word, "--network-alias", "car-price-api", image)
        for name, port in ports.items():
            environment = ["-e", f"CARPRICE_TLS={'on' if name == SECURE else ''}", "-e", f"CARPRICE_PORT={port}"]
            mounts = ["-v", f"{ROOT}/edge/haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro"]
            mounts += ["-v", f"{folder}:/run/edge:ro", "-p", f"{HOST}:{port}:5000"]
            docker(
                *("run", "-d", "--name", f"{word}-{name}", "--network", word, *environment, *mounts, "haproxy:3.0")
            )
            address = Address(HOST, port, is_tls=name == SECURE)
            wait_for(lambda at=address: is_ready(at), START_SECONDS)
        yield ports
    finally:
        docker("rm", "-f", f"{word}-api", *(f"{word}-{name}" for name in ports), check=False)
        docker("network", "rm", word, check=False)


def is_ready(address: Address) -> bool:
    """Whether a replica answers through this edge."""
    try:
        return address.ask("GET", OPENAPI_PATH).status == 200
    except OSError:
        return False


def docker(*words: str, check: bool = True) -> None:
    """Run `docker WORDS`."""
    subprocess.run(["docker", *words], check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measure_tls(ports: dict[str, int], folder: Path, rounds: int, seconds: int) -> list[str]:
    """The table of both edges: connections that are kept, and what a new one takes."""
    schema = Address(HOST, ports[PLAIN]).ask("GET", OPENAPI_PATH).json()["components"]["schemas"][LISTING_SCHEMA]
    bodies = write_bodies(folder / "cars.jsonl", schema["examples"][:1])
    urls = {PLAIN: f"http://{HOST}:{ports[PLAIN]}", SECURE: f"https://{HOST}:{ports[SECURE]}"}
    found = {name: [] for name in urls}
    for turn in range(rounds + 1):
        for name, url in urls.items():
            one = send_load(url + PRICE_PATH, bodies, CONNECTIONS, seconds if turn else 1)
            found[name] += [one] if turn else []  # the first turn warms it up
    opened: dict[str, list[float]] = {name: [] for name in urls}
    for _ in range(HANDSHAKES):
        for name in urls:
            opened[name].append(time_connection(ports[name], name == SECURE))
    rows = []
    for name, turns in found.items():
        one, new = middle(turns), opened[name]
        share = median(ours.rate / plain.rate for ours, plain in zip(turns, found[PLAIN], strict=True))
        rows.append(
            [name, f"{one.rate:,.0f}", f"{share:.2f}", f"{one.p50:.2f}", f"{one.p99:.2f}", str(one.failed)]
        )
        rows[-1].append(f"{median(new) * 1000:.2f}")
    columns = ["", "requests/s", "of HTTP", "p50 ms", "p99 ms", "failed", "first answer of a new connection, ms"]
    return format_table(columns, rows).split("\n")


def time_connection(port: int, is_tls: bool) -> float:
    """Seconds from nothing to the first answer."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    began = time.perf_counter()
    connection: http.client.HTTPConnection = http.client.HTTPConnection(HOST, port, timeout=10)
    if is_tls:
        connection = http.client.HTTPSConnection(HOST, port, timeout=10, context=context)
    connection.request("GET", "/livez")
    connection.getresponse().read()
    took = time.perf_counter() - began
    if connection.sock:
        connection.sock.shutdown(socket.SHUT_RDWR)
    connection.close()
    return took


def measure_signature() -> list[str]:
    """The table of loading a bundle without and with a trusted key, each the median of several in turns."""
    bundle = find_bundle(load_settings(os.environ).artifacts_dir, "")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / read_manifest(bundle)["version"]
        shutil.copytree(bundle, folder)
        pair = make_keys(Path(name) / "key.pem")
        trusted = Path(name) / "trusted"
        trusted.mkdir()
        shutil.copy(pair.public, trusted)
        sign_bundle(folder, load_signing_key(pair.private))
        took: dict[str, list[float]] = {"": [], str(trusted): []}
        for _ in range(LOADS + 1):  # the first one imports the library
            for keys, seconds in took.items():
                began = time.process_time()
                read_bundle(folder, keys)
                seconds.append(time.process_time() - began)
    plain, signed = (median(seconds[1:]) * 1000 for seconds in took.values())
    rows = [["no trusted keys", f"{plain:.1f}", ""], ["a trusted key", f"{signed:.1f}", f"{signed - plain:+.1f}"]]
    return format_table(["reading a bundle", "CPU ms", "more"], rows).split("\n")


if __name__ == "__main__":
    sys.exit(main())
