"""Whether what is published on this machine's ports answers there: a container's own check cannot know."""

from carprice.names import ALIVE_PATH, EDGE, LOOPBACK, MLFLOW
from carprice.ops.doctor.findings import Finding
from carprice.ops.doctor.snapshot import StackSnapshot
from carprice.ops.lifecycle import HEALTHY
from carprice.system.http import Address

ASK_SECONDS = 5.0
PATHS = {EDGE: ALIVE_PATH, MLFLOW: "/health"}
ANY_ADDRESS = ("", "0.0.0.0", "::")  # noqa: S104  asked, not listened on


def find_dead_ports(snapshot: StackSnapshot) -> list[Finding]:
    """A healthy service does not answer on its port of this machine."""
    found = []
    for service, host, port in snapshot.ports:
        instances = [item for item in snapshot.instances if item.service == service and item.health == HEALTHY]
        bound = [binding.host_port for item in instances for binding in item.ports]
        if service in PATHS and port in bound:
            address = Address(LOOPBACK if host in ANY_ADDRESS else host, port)
            try:
                address.ask("GET", PATHS[service], seconds=ASK_SECONDS)
            except OSError as error:
                found.append(_describe_dead(service, address, error))
    return found


def _describe_dead(service: str, address: Address, error: OSError) -> Finding:
    return Finding(
        f"{service} does not answer on port {address.port}",
        f"http://{address.host}:{address.port}: {error}, while the container itself is healthy",
        "What passes the port on to the container ended: Docker's proxy, or a rule of the firewall",
        f"docker compose up -d --no-deps --force-recreate {service}",
    )
