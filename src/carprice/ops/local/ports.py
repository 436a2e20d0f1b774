"""Whether the ports of the services are free."""

from carprice.errors import StackError
from carprice.ops.local.services import Service
from carprice.system.ports import is_free, name_holder, propose_port


def check_ports(services: list[Service]) -> None:
    """Raise StackError for the first service whose port is taken, naming the program that holds it."""
    seen: dict[int, Service] = {}
    for service in services:
        if other := seen.setdefault(service.port, service) if service.port in seen else None:
            raise StackError(
                f"Port {service.port} is asked for by both {other.name} and {service.name}",
                propose_port(service.port_variable, service.port),
            )
        seen[service.port] = service
        if not is_free(service.host, service.port):
            raise StackError(
                f"Port {service.port} for {service.name} is taken by {name_holder(service.port)}",
                propose_port(service.port_variable, service.port),
            )
