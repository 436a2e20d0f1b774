"""Whether a port is free, and which program holds it when it is not."""

import socket

import psutil

from carprice.errors import StackError
from carprice.local.services import Service


def check_ports(services: list[Service]) -> None:
    """Raise StackError for the first service whose port is taken, naming the program that holds it."""
    seen: dict[int, Service] = {}
    for service in services:
        if other := seen.setdefault(service.port, service) if service.port in seen else None:
            raise StackError(
                f"Port {service.port} is asked for by both {other.name} and {service.name}",
                _propose_port(service),
            )
        seen[service.port] = service
        if not is_free(service.host, service.port):
            raise StackError(
                f"Port {service.port} for {service.name} is taken by {name_holder(service.port)}",
                _propose_port(service),
            )


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: a connection that is still closing does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def name_holder(port: int) -> str:
    """The program that listens on the port, `nginx (pid 812)`, as far as this user may know."""
    try:
        pids = {
            item.pid
            for item in psutil.net_connections(kind="tcp")
            if item.status == psutil.CONN_LISTEN and item.laddr and item.laddr.port == port and item.pid
        }
        if pids:
            pid = min(pids)
            return f"{psutil.Process(pid).name()} (pid {pid})"
    except psutil.Error:
        pass
    return "a program of another user"


def _propose_port(service: Service) -> str:
    return f"Stop it, or take another port: {service.port_variable}={service.port + 10} ./carprice up"
