"""Ports for the servers of tests."""

import random
import socket
from contextlib import suppress

OWN_PORTS = (20_000, 30_000)
"""Below those that the kernel gives to outgoing connections, which could take one before it is used."""

_given: set[int] = set()


def find_port() -> int:
    """A port that is free now on every address of IPv4 and that this process was not given before."""
    while True:
        port = random.randrange(*OWN_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("0.0.0.0", port))
            if port not in _given:
                _given.add(port)
                return port
