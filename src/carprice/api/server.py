"""The production server around the app. Granian is named in this file only, so that another can replace it."""

import json
import multiprocessing
import os
import sys
from typing import Any

from carprice.api.app import create_app
from carprice.api.watchdog import Watchdog
from carprice.settings import Settings, load_settings


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT, let the requests in flight finish, and return the exit code.

    One worker process: a replica is one process, and more of them is the stack's business. The worker reads
    its settings from the environment again, because Granian starts it afresh.
    """
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces

    server = Granian(
        "carprice.api.server:build_app",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=1,
        blocking_threads=settings.threads,
        workers_kill_timeout=settings.shutdown_seconds,
        log_access=False,
    )
    watchdog = Watchdog(
        settings.host, settings.port, settings.watchdog_seconds, settings.watchdog_failures, _end_worker
    )
    watching = watchdog.start()
    server.serve()
    watching.set()
    return 0


def _end_worker(reason: str) -> None:
    """Kill the worker. Granian then leaves with exit code 1, and Docker or supervisord starts a new replica."""
    line = {"level": "error", "event": "worker ended", "reason": reason}
    print(json.dumps(line), file=sys.stderr, flush=True)
    for worker in multiprocessing.active_children():
        worker.kill()


def build_app() -> Any:
    """The WSGI application of a worker, with the settings of the environment."""
    return create_app(load_settings(os.environ))
