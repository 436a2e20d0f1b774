"""What 200 slow uploads take from everybody else: prices before and beside them.

PYTHONPATH=src .venv/bin/python benchmarks/slow_uploads.py [--port 5000] --write
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from processes import HOST, free_port, run_server
from table import describe_machine, format_table, print_section

from carprice.names import BATCH_PATH, LISTING_SCHEMA, MIB, OPENAPI_PATH, PRICE_PATH
from carprice.settings import ROOT
from carprice.system.http import Address
from carprice.system.waiting import wait_for

COMMAND = "PYTHONPATH=src .venv/bin/python benchmarks/slow_uploads.py --write"
UPLOADS = 200
BODY_BYTES = 8 * MIB
BYTES_PER_SECOND = 9_000
PIECE_BYTES = 900
PAUSE_SECONDS = 1.0
"""Before an upload that was cut begins again."""
PRICES_PER_SECOND = 50
QUIET_SECONDS, LOUD_SECONDS = 10, 30
ANSWER_SECONDS = 10.0
START_SECONDS = 60.0


@dataclass
class Answers:
    """Seconds of each answer that was 200; how many were not, or never came."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0

    def row(self, name: str) -> list[str]:
        """One line of the table."""
        ordered = sorted(self.seconds) or [0.0]
        shown = [ordered[int(share * (len(ordered) - 1))] * 1000 for share in (0.5, 0.99, 1.0)]
        return [
            name,
            f"{len(self.seconds) + self.failed:,}",
            f"{self.failed:,}",
            *(f"{value:.1f}" for value in shown),
        ]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, help="of a service that runs")
    parser.add_argument("--artifacts", type=Path, default=ROOT / "artifacts")
    parser.add_argument("--uploads", type=int, default=UPLOADS)
    parser.add_argument("--write", action="store_true", help="keep the table in docs/benchmarks.md")
    options = parser.parse_args()
    machine, port = describe_machine(), options.port or free_port()
    settings = {
        "CARPRICE_PORT": str(port),
        "CARPRICE_HOST": HOST,
        "CARPRICE_ARTIFACTS_DIR": str(options.artifacts),
    }
    with tempfile.TemporaryDirectory() as folder:
        settings["CARPRICE_LOGS_DIR"] = folder
        argv = [sys.executable, "app.py"]
        own = nullcontext() if options.port else run_server(argv, Path(folder) / "out", settings)
        with own as process:
            address = Address(HOST, port)
            wait_for(lambda: is_ready(address), START_SECONDS)
            workers = [child.pid for child in process.children()] if process else []
            quiet, loud = asyncio.run(measure(port, read_body(address), options.uploads))
            restarts = sum(not psutil.pid_exists(pid) for pid in workers)
    rows = [quiet.row("before"), loud.row(f"beside {options.uploads} slow uploads")]
    lines = [
        f"{machine} {PRICES_PER_SECOND} prices a second, each on a connection of its own; uploads of "
        f"{BODY_BYTES // MIB} MB at {BYTES_PER_SECOND // 1000} kB/s, begun again when they are cut. "
        f"Restarts of the worker: {restarts}.",
        "",
        *format_table(("prices", "asked", "failed", "p50 ms", "p99 ms", "longest ms"), rows).split("\n"),
    ]
    print_section("Slow uploads", COMMAND, lines, options.write)


def is_ready(address: Address) -> bool:
    """Whether it answers."""
    with suppress(OSError):
        return address.ask("GET", "/livez").status == 200
    return False


def read_body(address: Address) -> bytes:
    """A car that the model can price."""
    import json

    schema = address.ask("GET", OPENAPI_PATH).json()["components"]["schemas"][LISTING_SCHEMA]
    return json.dumps(schema["examples"][0]).encode()


async def measure(port: int, body: bytes, uploads: int) -> tuple[Answers, Answers]:
    """Prices for a while alone, then beside the uploads."""
    quiet, loud = Answers(), Answers()
    await price_steadily(port, body, QUIET_SECONDS, quiet)
    slow = [asyncio.create_task(upload_slowly(port)) for _ in range(uploads)]
    await price_steadily(port, body, LOUD_SECONDS, loud)
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    return quiet, loud


async def price_steadily(port: int, body: bytes, seconds: float, answers: Answers) -> None:
    """So many prices a second, whether or not those before were answered."""
    asked, began = [], time.perf_counter()
    for number in range(int(seconds * PRICES_PER_SECOND)):
        await asyncio.sleep(max(0.0, began + number / PRICES_PER_SECOND - time.perf_counter()))
        asked.append(asyncio.create_task(price_once(port, body, answers)))
    await asyncio.gather(*asked)


async def price_once(port: int, body: bytes, answers: Answers) -> None:
    """One price on a connection of its own."""
    began = time.perf_counter()
    head = write_head(PRICE_PATH, len(body), "close")
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(head + body)
            answer = await reader.read()
            writer.close()
    except OSError:
        answer = b""
    if answer.startswith(b"HTTP/1.1 200 "):
        answers.seconds.append(time.perf_counter() - began)
    else:
        answers.failed += 1


async def upload_slowly(port: int) -> None:
    """One upload, again and again."""
    head = write_head(BATCH_PATH, BODY_BYTES, "keep-alive")
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(head + b"[")
            while not reader.at_eof() and not await has_answer(reader):
                writer.write(b" " * PIECE_BYTES)
                await writer.drain()
            writer.close()
        await asyncio.sleep(PAUSE_SECONDS)


async def has_answer(reader: asyncio.StreamReader) -> bool:
    """Whether anything comes within the time of a piece."""
    with suppress(TimeoutError):
        async with asyncio.timeout(PIECE_BYTES / BYTES_PER_SECOND):
            return bool(await reader.read(65_536))
    return False


def write_head(path: str, length: int, connection: str) -> bytes:
    """The head of a request with JSON."""
    lines = [f"POST {path} HTTP/1.1", "Host: cars", "Content-Type: application/json", f"Content-Length: {length}"]
    return "\r\n".join([*lines, f"Connection: {connection}", "", ""]).encode()


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", str(ROOT / "src"))
    main()
