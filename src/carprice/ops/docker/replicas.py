"""The replicas of a set: what Docker knows of each, and requests to each one directly, never through the edge."""

import http.client
import json
import time
from dataclasses import dataclass
from typing import Any

from carprice.errors import StackError
from carprice.ops.docker import argv
from carprice.ops.docker.env_file import DEFAULT_PROJECT, read_env
from carprice.system.processes import Runner

API_PORT = 5000
REQUEST_SECONDS = 10.0
SEE_LOG = "See its log"
"""The next step of an error about a replica; a rollout puts its log's last lines there before it is removed."""
BUSY = 429
BUSY_POLL_SECONDS = 0.2
LOG_LINES = 15


@dataclass(frozen=True)
class Replica:
    """One container of the API.

    image is the id of its image, image_name what it was started by, model the version it was told to serve.
    """

    id: str
    name: str
    address: str
    state: str
    health: str
    restarts: int
    exit_code: int
    error: str
    image: str
    image_name: str
    networks: tuple[str, ...]
    release: str
    model: str
    started: str

    @property
    def is_running(self) -> bool:
        """Whether it runs and never had to be started again."""
        return self.state == "running" and self.restarts == 0

    def ask(self, method: str, path: str, body: Any = None, seconds: float = REQUEST_SECONDS) -> "Reply":
        """One request to this replica. A body is sent as JSON, bytes as they are. Raises OSError."""
        if not self.address:
            # An empty address would be this machine itself.
            raise ConnectionError("it has no address")
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection(self.address, API_PORT, timeout=seconds)
        started = time.perf_counter()
        try:
            headers = {"Content-Type": "application/json"} if data is not None else {}
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            content = response.read()
        except http.client.HTTPException as error:
            raise ConnectionError(f"{type(error).__name__}: {error}") from None
        finally:
            connection.close()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, headers, content, time.perf_counter() - started)

    def ask_in_turn(self, method: str, path: str, body: Any = None, seconds: float = REQUEST_SECONDS) -> "Reply":
        """The same, and again while it is busy with others' batches (429), for as long as one request may take."""
        end = time.monotonic() + seconds
        while True:
            reply = self.ask(method, path, body, seconds)
            if reply.status != BUSY or time.monotonic() > end:
                return reply
            time.sleep(BUSY_POLL_SECONDS)


@dataclass(frozen=True)
class Reply:
    """What a replica answered, and in how many seconds."""

    status: int
    headers: dict[str, str]
    content: bytes
    seconds: float

    def json(self) -> Any:
        """The body as JSON, or None where it is not."""
        try:
            return json.loads(self.content)
        except ValueError:
            return None

    def detail(self) -> str:
        """What a problem answer says; empty for any other."""
        data = self.json()
        return str(data.get("detail", "")) if isinstance(data, dict) else ""


def list_replicas(runner: Runner, service: str) -> list[Replica]:
    """The containers of a service, stopped ones too, by name."""
    return sorted((_read_replica(item) for item in inspect_service(runner, service)), key=_by_number)


def inspect_service(runner: Runner, service: str) -> list[dict[str, Any]]:
    """Everything Docker knows of the containers of a service, stopped ones too."""
    ids = runner.run(argv.list_containers(find_project(runner), service)).split()
    if not ids:
        return []
    found = runner.try_run(argv.inspect_containers(ids))
    try:
        # One that was removed meanwhile is left out, and Docker complains of it.
        facts: list[dict[str, Any]] = json.loads(found.stdout)
    except ValueError:
        raise StackError(f"Docker does not describe its containers: {found.stderr.strip()}") from None
    return facts


def find_project(runner: Runner) -> str:
    """The name that Compose gives this stack: of the environment, the .env file or the compose file."""
    name = "COMPOSE_PROJECT_NAME"
    return runner.environment.get(name) or read_env(runner.folder / ".env").get(name) or DEFAULT_PROJECT


def find_exit_code(runner: Runner, replica: Replica) -> str:
    """The exit code of a replica's last run that ended."""
    codes = runner.try_run(argv.list_exits(replica.id, time.time())).stdout.split()
    return codes[-1] if codes else str(replica.exit_code)


def read_logs(runner: Runner, replica: Replica, lines: int = LOG_LINES) -> str:
    """The last log lines of a replica."""
    result = runner.try_run(argv.show_logs(replica.id, lines))
    return (result.stdout + result.stderr).strip()


def _read_replica(facts: dict[str, Any]) -> Replica:
    state = facts["State"]
    variables = dict(item.split("=", 1) for item in facts["Config"]["Env"] if "=" in item)
    networks = facts["NetworkSettings"]["Networks"]
    return Replica(
        id=facts["Id"],
        name=facts["Name"].lstrip("/"),
        address=next((network["IPAddress"] for network in networks.values() if network["IPAddress"]), ""),
        state=state["Status"],
        health=state.get("Health", {}).get("Status", "none"),
        restarts=facts.get("RestartCount", 0),
        exit_code=state["ExitCode"],
        error=state.get("Error", "") or ("out of memory" if state.get("OOMKilled") else ""),
        image=facts["Image"],
        image_name=facts["Config"]["Image"],
        networks=tuple(networks),
        release=variables.get("CARPRICE_RELEASE", ""),
        model=variables.get("CARPRICE_MODEL_VERSION", ""),
        started=state["StartedAt"],
    )


def _by_number(replica: Replica) -> tuple[int, str]:
    number = replica.name.rpartition("-")[2]
    return (int(number) if number.isdecimal() else 0, replica.name)
