"""The production server. Only this module uses Granian, so that another server can replace it."""

import logging
import mmap
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.util import Finalize
from typing import Any

from carprice.api.request_log import say_line
from carprice.api.serving.app import create_app
from carprice.api.serving.bind_address import find_address, find_listener
from carprice.api.serving.occupancy import answer_occupancy, ask_occupancy
from carprice.api.serving.slow_clients import watch_connections
from carprice.api.serving.watchdog import Watchdog
from carprice.settings import Settings, load_settings

MAX_CONNECTIONS = 1024
"""Open at once, idle ones included; as many more wait in the listening queue."""
MAX_HEAD_BYTES = 65_536
OCCUPANCY_SECONDS = 2.0


def serve(settings: Settings, target: str = "carprice.api.serving.server:build_app") -> int:
    """Serve until SIGTERM or SIGINT, let the requests in flight finish, and return the exit code.

    There is one worker process; the stack runs more replicas. The worker reads its settings from the environment
    again, because Granian starts it as a new process. When it ends by itself, this process ends with exit code 1.
    target: the function that builds the WSGI application; a benchmark uses a bare one. Raises StackError where the
    service cannot listen.
    """
    server = _make_server(settings, target)

    def end_worker(reason: str) -> None:
        """Kill the worker: Granian then exits with code 1, and Docker or supervisord starts the service again."""
        if server.interrupt_signal:
            return  # it is being stopped, and has until shutdown_seconds
        say_line(sys.stderr, "error", "worker ended", reason=reason)
        for worker in multiprocessing.active_children():
            worker.kill()

    watching = Watchdog(
        settings.host,
        settings.port,
        settings.watchdog_seconds,
        settings.watchdog_failures,
        settings.start_seconds,
        end_worker,
        lambda: ask_occupancy(os.getpid(), OCCUPANCY_SECONDS),
    ).start()
    server.signal_handler_interrupt = tell_workers(server.signal_handler_interrupt)
    server.serve()
    watching.set()
    say_line(sys.stdout, "info", "stopped")
    return 0


def tell_workers(stop: Callable[..., None]) -> Callable[..., None]:
    """A handler of SIGTERM like `stop` after which no process that is forked goes on loading.

    Until it serves, a worker has the main process's handler, and would ignore a SIGTERM. One that comes in the
    middle of a fork is forgotten by Python, and the worker would serve on: so a shared byte says it too.
    """
    is_stopping = mmap.mmap(-1, 1)

    def heed() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if is_stopping[0]:
            os._exit(0)

    def tell(*args: Any) -> None:
        is_stopping[0] = 1
        stop(*args)

    os.register_at_fork(after_in_child=heed)
    return tell


def _make_server(settings: Settings, target: str) -> Any:
    from granian import Granian
    from granian._granian import SocketHolder
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    listener = find_listener(settings.port)
    address = find_address(settings.host, settings.port) if listener is None else settings.host

    limits = HTTP1Settings(header_read_timeout=settings.idle_seconds * 1000, max_buffer_size=MAX_HEAD_BYTES)
    server = Granian(
        target,
        factory=True,
        address=address,
        port=settings.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        http1_settings=limits,
        websockets=False,
        workers=1,
        blocking_threads=settings.threads,
        backlog=MAX_CONNECTIONS,
        backpressure=MAX_CONNECTIONS,
        workers_kill_timeout=settings.shutdown_seconds,
        log_access=False,
        log_level=LogLevels.warning,
        log_dictconfig=_LOGGING,
    )
    if listener is not None:
        # As Granian does itself on systems where workers share one socket.
        given: Any = server
        given._ssp, given._sso = None, None
        given._shd = SocketHolder(listener, False, MAX_CONNECTIONS)  # type: ignore[call-arg]
        given._init_shared_socket = lambda: None
    return server


def build_app() -> Any:
    """The WSGI application of a worker, with the settings of the environment."""
    settings = load_settings(os.environ)
    app = create_app(settings)
    state = app.extensions["carprice"]
    watch_connections(
        settings.port,
        settings.idle_seconds,
        settings.threads,
        state.bodies_in_progress,
        lambda: state.uploads.is_full,
    )
    _follow_parent(settings.shutdown_seconds)
    parent = multiprocessing.parent_process()
    if parent and parent.pid:
        answer_occupancy(parent.pid, lambda: len(state.bodies_in_progress) >= settings.threads)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    state.log.info("serving", url=f"http://{host}:{settings.port}", model_version=state.version)
    Finalize(None, state.close, exitpriority=0)
    return app


def _follow_parent(seconds: float) -> None:
    """Stop when the main process is gone for whatever reason: an orphaned worker would keep the port."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is None:
            return
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(seconds)
        os._exit(1)

    threading.Thread(target=wait, name="parent", daemon=True).start()


class _ServerLine(logging.StreamHandler[Any]):
    """Granian's warnings and errors, as JSON lines like the others."""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        # More threads than cores are intended: a body that arrives slowly occupies one.
        if not message.startswith("Configuration allows spawning"):
            say_line(sys.stderr, record.levelname.lower(), "server", detail=message)


_LOGGING = {
    "formatters": {},
    "handlers": {"line": {"()": _ServerLine}},
    "loggers": {"_granian": {"handlers": ["line"], "propagate": False}},
}
