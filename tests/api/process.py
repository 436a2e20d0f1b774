"""`python app.py` as a process of a test."""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil
from tests.api.calls import as_json
from tests.api.conftest import wait_until
from tests.model.cars import UK_CAR
from tests.ports import find_port

SOON = 30.0
BODY = as_json(UK_CAR)


class Server:
    """One `python app.py` with a port and a logs folder of its own. words: after it; variables: as they stand."""

    def __init__(self, root: Path, folder: Path, **settings: Any) -> None:
        words, variables = settings.pop("words", []), settings.pop("variables", {})
        self.port = settings.pop("port", None) or find_port()
        self.folder = folder
        settings = {"host": "127.0.0.1", "port": self.port, "logs_dir": folder / "logs", **settings}
        environment = {f"CARPRICE_{name.upper()}": str(value) for name, value in settings.items()}
        self.out = (folder / "out").open("w+")
        self.err = (folder / "err").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, root / "app.py", *words],
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith("CARPRICE_")},
                **environment,
                **variables,
            },
            cwd=folder,
            stdout=self.out,
            stderr=self.err,
        )

    def wait_up(self) -> "Server":
        def is_up() -> bool:
            assert self.process.poll() is None, self.read(self.err)
            with suppress(OSError):
                return self.get("/livez")[0] == 200
            return False

        wait_until(is_up)
        return self

    def get(self, path: str, timeout: float = SOON) -> tuple[int, bytes]:
        return self.ask("GET", path, timeout=timeout)

    def price(self) -> tuple[int, bytes]:
        return self.ask("POST", "/predict/price", BODY)

    def ask(self, method: str, path: str, body: bytes | None = None, timeout: float = SOON) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=SOON)

    def begin_request(self, length: int = len(BODY), path: str = "/predict/price") -> socket.socket:
        """A request whose body is announced and not sent, in a worker's hands when this returns.

        The server says 100 Continue once the service waits for the body.
        """
        connection = self.connect()
        head = f"POST {path} HTTP/1.1\r\nHost: cars\r\nContent-Type: application/json\r\nContent-Length: {length}"
        connection.sendall(f"{head}\r\nExpect: 100-continue\r\n\r\n".encode())
        connection.settimeout(SOON)
        told = b""
        while not told.endswith(b"\r\n\r\n"):
            told += connection.recv(1)
        assert told.startswith(b"HTTP/1.1 100 "), told
        return connection

    def worker(self) -> psutil.Process:
        return wait_until(psutil.Process(self.process.pid).children)[0]  # type: ignore[no-any-return]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send the signal, wait for the end, return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(SOON)

    def read(self, stream: Any) -> str:
        stream.seek(0)
        text: str = stream.read()
        return text

    def lines(self, stream: Any) -> list[dict[str, Any]]:
        """What it said, all of it JSON lines."""
        return [json.loads(line) for line in self.read(stream).splitlines()]

    def end(self) -> None:
        """Leave nothing of it running."""
        with suppress(psutil.NoSuchProcess):
            for process in psutil.Process(self.process.pid).children():
                process.kill()
        self.process.kill()
        self.process.wait()
        print(self.read(self.out), self.read(self.err), sep="\n")  # shown when the test failed
        self.out.close()
        self.err.close()
