"""One container, or one process of the local stack: what is known of it from outside, in Docker's words."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from carprice.names import CANDIDATE
from carprice.ops.lifecycle import LOOP_RESTARTS, STABLE_SECONDS, Facts
from carprice.system.http import Address

NO_ADDRESS = Address("", 0)


@dataclass(frozen=True)
class Port:
    """A port of a container and where this machine offers it; host_ip empty for every address."""

    inner: int
    host_ip: str
    host_port: int


@dataclass(frozen=True)
class Probe:
    """One run of a health check: its exit code and what it printed."""

    exit_code: int
    output: str


@dataclass(frozen=True)
class Instance:
    """One container or process.

    status: created, running, paused, restarting, removing, exited, dead, or empty where it is not there. health:
    starting, healthy, unhealthy, or empty where nothing checks it. uptime, age: seconds since its last start and
    since it was made. pause: seconds from the end of its last run to its start, or until now; 0 for its first run.
    is_watched: whether its supervisor starts it again. started: when it last started, unique for each start.
    log: its last lines, where the doctor read them. Only a container has an id, an image, networks (name to
    address), ports, variables and the folder of its compose file. release, model: what it was told to serve.
    """

    service: str
    name: str
    status: str
    address: Address = NO_ADDRESS
    health: str = ""
    exit_code: int = 0
    error: str = ""
    is_oom_killed: bool = False
    restarts: int = 0
    uptime: float = 0.0
    age: float = 0.0
    pause: float = 0.0
    is_watched: bool = True
    pid: int = 0
    probes: tuple[Probe, ...] = ()
    log: str = ""
    id: str = ""
    number: int = 1
    project: str = ""
    started: str = ""
    image_id: str = ""
    image_name: str = ""
    folder: str = ""
    release: str = ""
    model: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    networks: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[Port, ...] = ()

    @property
    def is_running(self) -> bool:
        """Whether its process runs now."""
        return self.status == "running"

    @property
    def short_name(self) -> str:
        """Its name without the project's: `car-price-api-1`."""
        return self.name.removeprefix(f"{self.project}-")

    @property
    def reason(self) -> str:
        """Why it ended, as far as Docker knows."""
        return self.error or ("out of memory" if self.is_oom_killed else "")

    @property
    def has_crashed(self) -> bool:
        """Whether it ended by itself: it is down, is started again, or lived for a short time since."""
        if self.status in ("restarting", "dead"):
            return True
        if self.status in ("created", "exited") and self.error:
            return True  # its last start failed
        if self.status == "exited":
            # Docker starts what ended by itself again: what is down was stopped, or has no restarts left.
            return not self.is_watched and bool(self.exit_code or self.restarts)
        # A candidate has one try.
        limit = 1 if self.service == CANDIDATE else LOOP_RESTARTS
        return self.restarts >= limit and self.uptime < STABLE_SECONDS

    def facts(self, is_active: bool = False, requests: int = 0) -> Facts:
        """What its lifecycle state is derived from: whether new requests go to it, and how many it answered."""
        return Facts(
            status=self.status,
            health=self.health,
            exit_code=self.exit_code,
            restarts=self.restarts,
            uptime=self.uptime,
            age=self.age,
            pause=self.pause,
            is_watched=self.is_watched,
            is_active=is_active,
            requests=requests,
        )
