"""The status of a service as every kind of stack reports it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from carprice.model.bundle.manifest import usable_champion
from carprice.names import API, CANDIDATE, EDGE, MLFLOW
from carprice.ops.instance import Instance
from carprice.ops.lifecycle import Facts, State, derive_state
from carprice.settings import Settings

ORDER = (EDGE, API, CANDIDATE, MLFLOW)
ALWAYS = (API, EDGE, MLFLOW)
"""The services that run while no rollout is under way."""


@dataclass(frozen=True)
class ServiceStatus:
    """One process or container of a service. health: healthy, starting, unhealthy, or empty if unchecked.

    name tells replicas apart. Times in seconds; None and empty where it does not run.
    """

    service: str
    name: str
    state: State
    health: str = ""
    detail: str = ""
    restarts: int = 0
    release: str = ""
    model_version: str = ""
    uptime_seconds: int | None = None
    memory_bytes: int | None = None
    port: int | None = None
    pid: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self)


def find_waiting_champion(found: Iterable[ServiceStatus], settings: Settings) -> str:
    """The champion where other models serve instead, and none was asked for by name; else nothing."""
    champion = usable_champion(settings.artifacts_dir) or ""
    served = {item.model_version for item in found if item.model_version}
    return champion if served and champion not in served and not settings.model_version else ""


def describe_instance(instance: Instance, facts: Facts, **more: Any) -> ServiceStatus:
    """The status of an instance; more: what is not known from the instance alone, or is known better."""
    known: dict[str, Any] = {
        "name": instance.name,
        "health": instance.health if instance.is_running else "",
        "release": instance.release,
        "port": instance.ports[0].host_port if instance.ports else None,
        "uptime_seconds": int(instance.uptime) if instance.is_running else None,
    }
    return ServiceStatus(
        service=instance.service,
        state=derive_state(facts),
        restarts=instance.restarts,
        pid=instance.pid or None,
        **known | more,
    )
