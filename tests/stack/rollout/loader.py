"""An open-loop load on the edge that checks every answer, in a process of its own.

    python loader.py PORT LISTING OUTPUT      until stdin is closed

Requests begin at fixed times whatever the answers do, dealt to clients that each have one in hand at a time:
LISTING (JSON) is priced by 60 % of them. OUTPUT gets a JSON line per request, in the order of their ends.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from itertools import count
from typing import TextIO

RATE = 50
KEPT = 20
ONE_SHOT = 5
PATHS = ("price", "price", "price", "/info/model", "/info/features")
REQUEST_SECONDS = 60.0
END_SECONDS = 90.0


@dataclass
class Record:
    """One request: what it asked, its times in seconds since 1970, and what was wrong with its answer.

    due: when it should have begun; dealt: when this process came to it, later where the machine is too busy.
    """

    id: str
    client: int
    path: str
    due: float
    dealt: float
    began: float
    ended: float = 0.0
    status: int = 0
    release: str = ""
    model: str = ""
    trouble: str = ""


class Client:
    """One client. A kept connection is opened again only where the server closed it between two requests."""

    def __init__(self, number: int, port: int, listing: str, output: TextIO) -> None:
        self.number = number
        self.is_kept = number < KEPT
        self.port = port
        self.body = listing.encode()
        self.output = output
        self.queue: asyncio.Queue[tuple[int, float, float] | None] = asyncio.Queue()
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def run(self) -> None:
        """Send what is due until there is no more."""
        while item := await self.queue.get():
            index, due, dealt = item
            record = Record(f"load-{index}", self.number, PATHS[index % len(PATHS)], due, dealt, time.time())
            try:
                await asyncio.wait_for(self.ask(record), REQUEST_SECONDS)
            except (OSError, EOFError, ValueError, TimeoutError) as error:
                record.trouble = record.trouble or f"{type(error).__name__}: {error}"
                self.close()
            record.ended = time.time()
            self.output.write(json.dumps(asdict(record)) + "\n")
        self.close()

    async def ask(self, record: Record) -> None:
        """One request and its whole answer."""
        if self.streams and self.streams[0].at_eof():
            self.close()
        if not self.streams:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        writer.write(self.encode(record))
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        status_line, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
        record.status = int(status_line.split()[1])
        record.release = headers.get("x-release", "")
        record.model = headers.get("x-model-version", "")
        record.trouble = find_trouble(record, headers, body)
        if not self.is_kept or headers.get("connection") == "close":
            self.close()

    def encode(self, record: Record) -> bytes:
        """The request's bytes."""
        kept = "keep-alive" if self.is_kept else "close"
        head = f"Host: localhost\r\nX-Request-ID: {record.id}\r\nConnection: {kept}\r\n"
        if record.path != "price":
            return f"GET {record.path} HTTP/1.1\r\n{head}\r\n".encode()
        head += f"Content-Type: application/json\r\nContent-Length: {len(self.body)}\r\n"
        return f"POST /predict/price HTTP/1.1\r\n{head}\r\n".encode() + self.body

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self.streams:
            self.streams[1].close()
            self.streams = None


def find_trouble(record: Record, headers: dict[str, str], body: bytes) -> str:
    """What is wrong with an answer; empty for a right one."""
    if not 200 <= record.status < 300:
        return f"status {record.status}"
    if headers.get("x-request-id") != record.id:
        return f"answers {headers.get('x-request-id')}"
    answer = json.loads(body)
    if record.path == "price" and not answer["price"] > 0:
        return f"price {answer['price']}"
    if answer.get("model_version", record.model) != record.model:
        return f"model {answer['model_version']} in the body, {record.model} in the header"
    return ""


async def load(port: int, listing: str, output: TextIO) -> None:
    """Send until stdin is closed, then wait for what is in hand."""
    clients = [Client(number, port, listing, output) for number in range(KEPT + ONE_SHOT)]
    tasks = [asyncio.create_task(client.run()) for client in clients]
    stopped = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    began, clock = time.time(), time.monotonic()
    for index in count():
        if stopped.done():
            break
        await asyncio.sleep(max(0.0, clock + index / RATE - time.monotonic()))
        clients[index % len(clients)].queue.put_nowait((index, began + index / RATE, time.time()))
    for client in clients:
        client.queue.put_nowait(None)
    await asyncio.wait_for(asyncio.gather(*tasks), END_SECONDS)


def main() -> None:
    """Run from the command line."""
    port, listing, path = sys.argv[1:]
    with open(path, "w", buffering=1) as output:  # noqa: PTH123
        asyncio.run(load(int(port), listing, output))


if __name__ == "__main__":
    main()
