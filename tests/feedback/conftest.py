"""A real PostgreSQL server for the tests of this folder, on a socket of its own, gone afterwards."""

import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
WAIT_SECONDS = 60


class Server:
    """One cluster. url: of its database, over the socket."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self.folder = programs, folder
        self.url = f"postgresql://postgres@/postgres?host={folder}"

    def run(self, *argv: str | Path) -> None:
        """Run one of its programs; as root, which it refuses, as its own user."""
        as_other = ["runuser", "-u", "postgres", "--"] if getpass.getuser() == "root" else []
        program, *rest = map(str, argv)
        command = [*as_other, str(self._programs / program), *rest]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", timeout=WAIT_SECONDS * 2)
        assert done.returncode == 0, done.stdout + done.stderr

    def make(self) -> None:
        """Make the cluster. It is brought to disk as any other: what is tested is that it is."""
        self.run("initdb", "--auth=trust", "--username=postgres", "--no-sync", "-D", self.folder / "data")

    def start(self) -> None:
        """Start it, and wait until it answers; it listens on no port."""
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder}"
        log = self.folder / "log"
        self.run(
            "pg_ctl", "start", "-w", "-t", str(WAIT_SECONDS), "-D", self.folder / "data", "-l", log, "-o", options
        )

    def stop(self, mode: str = "fast") -> None:
        """Stop it. mode: `immediate` ends it as a crash does."""
        self.run("pg_ctl", "stop", "-w", "-m", mode, "-D", self.folder / "data")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Server]:
    pytest.importorskip("psycopg", reason="no psycopg: ./carprice test --version installs it")
    if not PROGRAMS:
        pytest.skip("no PostgreSQL server: sudo apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="carprice-pg-"))  # sockets need a short path that its user may enter
    if getpass.getuser() == "root":
        shutil.chown(folder, "postgres", "postgres")
    server = Server(PROGRAMS[-1], folder)
    server.make()
    server.start()
    yield server
    if (folder / "data" / "postmaster.pid").exists():
        server.stop("immediate")
    shutil.rmtree(folder)
    assert not os.path.exists(folder)  # noqa: PTH110


@pytest.fixture
def server(cluster: Server) -> Iterator[Server]:
    """The server, running, without a table."""
    from sqlalchemy import create_engine, text

    engine = create_engine(cluster.url.replace("postgresql:", "postgresql+psycopg:"))
    yield cluster
    if not (cluster.folder / "data" / "postmaster.pid").exists():
        cluster.start()
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS carprice_feedback"))
    engine.dispose()
