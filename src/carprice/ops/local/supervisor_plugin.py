"""What supervisord lacks, added inside it by its own extension point: an XML-RPC interface that hears events.

It counts restarts, keeps the pause between them bounded, and ends what a dead service left running.
"""

import os
import signal
import time
from contextlib import suppress
from typing import Any

from supervisor import events  # type: ignore[import-untyped]

LONGEST_PAUSE_SECONDS = 60
STABLE_SECONDS = 60
"""A service that ran this long does not crash in a loop."""


class SupervisorPlugin:
    """The XML-RPC interface `carprice` of supervisord."""

    def __init__(self) -> None:
        self.restarts: dict[str, int] = {}
        events.subscribe(events.ProcessStateExitedEvent, self._note_exit)
        events.subscribe(events.ProcessStateBackoffEvent, self._note_exit)
        events.subscribe(events.ProcessStateStoppedEvent, self._forget_exits)

    def count_restarts(self) -> dict[str, int]:
        """How often each service crashed and was restarted since it was started by hand or it last stayed up."""
        return self.restarts

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


def make_plugin(_supervisord: Any, **_config: Any) -> SupervisorPlugin:
    """Called by supervisord once, while it starts."""
    return SupervisorPlugin()
