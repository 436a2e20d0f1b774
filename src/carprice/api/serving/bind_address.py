"""Whether the service can listen on its host and port, checked before anything is started."""

import errno
import os
import socket

from carprice.errors import StackError

STDIN = 0


def find_listener(port: int) -> int | None:
    """The descriptor on which a supervisor listens at the port already, or None: standard input, as with inetd.

    That socket outlives the service: what connects while it is started again waits in the queue.
    """
    try:
        with socket.socket(fileno=os.dup(STDIN)) as given:
            is_listening = given.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            return STDIN if is_listening and given.getsockname()[1] == port else None
    except OSError:  # closed, or no socket
        return None


def find_address(host: str, port: int) -> str:
    """The IP address of host, when a server can listen on its port. Raises StackError naming host and port.

    Granian sets SO_REUSEPORT, with which a second service of the same user would silently share the port. This
    check does not set it, so the system refuses.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise StackError(
            f"Host {host!r} is not an address of this machine ({error.strerror})",
            "Listen on every address: CARPRICE_HOST=0.0.0.0",
        ) from None
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise _refuse_address(host, port, error) from None
    return str(address[0])


def _refuse_address(host: str, port: int, error: OSError) -> StackError:
    if error.errno == errno.EADDRINUSE:
        return StackError(
            f"Port {port} is taken by another program",
            f"See which: ss -ltnp 'sport = :{port}'; or take another port: CARPRICE_PORT={port % 65535 + 1}",
        )
    if error.errno == errno.EACCES:
        return StackError(
            f"Port {port} may not be used by this user", "Take a port above 1023: CARPRICE_PORT=5000"
        )
    return StackError(
        f"The service cannot listen on {host} port {port} ({error.strerror})",
        "Listen on every address: CARPRICE_HOST=0.0.0.0",
    )
