"""Whether the service can listen where it is told to."""

import os
import socket
from pathlib import Path

import pytest
from tests.ports import find_port

from carprice.api.serving import bind_address
from carprice.api.serving.bind_address import find_address, find_listener
from carprice.errors import StackError


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1"), ("0.0.0.0", "0.0.0.0"), ("::", "::"), ("::1", "::1")],
)
def test_a_free_port(host: str, address: str) -> None:
    if ":" in host and not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 on this machine")
    assert find_address(host, find_port()) in (address, "::1")


def test_a_port_shared_on_purpose_is_taken_too() -> None:
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(StackError, match=f"Port {port} is taken by another program"):
            find_address("127.0.0.1", port)


@pytest.mark.skipif(os.getuid() == 0, reason="root may use every port")
def test_a_port_for_root() -> None:
    with pytest.raises(StackError, match="Port 80 may not be used by this user"):
        find_address("127.0.0.1", 80)


def test_a_socket_that_a_supervisor_listens_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as given,
        socket.socket() as idle,
        (tmp_path / "x").open("w") as file,
    ):
        port = given.getsockname()[1]
        for descriptor, wanted, found in (
            (given.fileno(), port, given.fileno()),
            (given.fileno(), port + 1, None),
            (idle.fileno(), 0, None),
            (file.fileno(), port, None),
            (9999, port, None),
        ):
            monkeypatch.setattr(bind_address, "STDIN", descriptor)
            assert find_listener(wanted) == found
