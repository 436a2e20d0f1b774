"""What supervisord lacks, added inside it by its own extension point: an XML-RPC interface that hears events.

It counts restarts, keeps the pause between them bounded, ends what a dead service left running, and holds the
socket of a service while that is restarted.
"""

import os
import signal
import socket
import time
from contextlib import suppress
from typing import Any

from supervisor import events  # type: ignore[import-untyped]

LONGEST_PAUSE_SECONDS = 60
STABLE_SECONDS = 60
"""A service that ran this long does not crash in a loop."""


class SupervisorPlugin:
    """The XML-RPC interface `carprice` of supervisord."""

    def __init__(self, groups: dict[str, Any]) -> None:
        self.restarts: dict[str, int] = {}
        self.held: dict[str, Any] = {}
        self.sockets = {
            name: group.socket_manager for name, group in groups.items() if hasattr(group, "socket_manager")
        }
        for manager in self.sockets.values():
            manager.socket_config = _Listening(manager.socket_config)
        events.subscribe(events.ProcessStateExitedEvent, self._note_exit)
        events.subscribe(events.ProcessStateBackoffEvent, self._note_exit)
        events.subscribe(events.ProcessStateStoppedEvent, self._forget_exits)

    def count_restarts(self) -> dict[str, int]:
        """How often each service crashed and was restarted since it was started by hand or it last stayed up."""
        return self.restarts

    def hold_socket(self, name: str) -> bool:
        """Keep a service's socket open while no process has it, until it is released; False where it has none."""
        if name in self.sockets:
            self.held[name] = self.sockets[name].get_socket()
        return name in self.sockets

    def release_socket(self, name: str) -> bool:
        """Let it close with its service again."""
        return self.held.pop(name, None) is not None

    def _note_exit(self, event: Any) -> None:
        process = event.process
        name = process.config.name
        lived = time.time() - process.laststart
        self.restarts[name] = 1 if lived >= STABLE_SECONDS else self.restarts.get(name, 0) + 1
        # supervisord pauses a second longer after each early exit, without end.
        process.delay = min(process.delay, time.time() + LONGEST_PAUSE_SECONDS)
        if process.pid:
            # A worker that outlives its parent would hold the port against the next start.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def _forget_exits(self, event: Any) -> None:
        self.restarts.pop(event.process.config.name, None)


class _Listening:
    """Where supervisord listens for a service. Where it cannot, it would end: the service is left to say why."""

    def __init__(self, config: Any) -> None:
        self._config = config

    def create_and_bind(self) -> socket.socket:
        try:
            bound: socket.socket = self._config.create_and_bind()
        except OSError:
            return _NoListener()
        return bound

    def __getattr__(self, name: str) -> Any:
        return getattr(self._config, name)


class _NoListener(socket.socket):
    def listen(self, _backlog: int = 0, /) -> None:
        """Nowhere."""


def make_plugin(supervisord: Any, **_config: Any) -> SupervisorPlugin:
    """Called by supervisord once, while it starts."""
    return SupervisorPlugin(supervisord.process_groups)
