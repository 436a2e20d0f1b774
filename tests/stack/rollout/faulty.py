"""The process of a derived image: the product's own service behind a layer that misbehaves as FAULT says.

Every image of the scenarios has it, most with FAULT=none: then it only waits for as many seconds as a request's
X-Test-Seconds says, which is how a request is made to take its time.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

FAULT, _, VALUE = os.environ.get("FAULT", "none").partition("=")
STATUS_PATH = "/info/status"
PRICE_PATH = "/predict/price"
SHARE = 10

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def build_app() -> WsgiApp:
    """The product's WSGI application in the layer; the server's worker calls this."""
    from carprice.api.serving.server import build_app

    if FAULT == "slow-load":
        time.sleep(float(VALUE))
    app = build_app()
    started = time.monotonic()
    numbers = iter(range(1 << 62))

    def misbehave(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        time.sleep(float(environ.get("HTTP_X_TEST_SECONDS", 0)))
        status = ""
        if FAULT == "health" and path == STATUS_PATH:
            status = VALUE
        elif FAULT == "predict" and path.startswith("/predict"):
            status = "500 Internal Server Error"
        elif FAULT == "late" and path == PRICE_PATH and time.monotonic() - started > float(VALUE):
            status = "500 Internal Server Error" if next(numbers) % SHARE == 0 else ""
        elif FAULT == "dies" and path == STATUS_PATH:
            threading.Timer(float(VALUE), os._exit, [3]).start()
        if not status:
            return app(environ, start_response)
        start_response(status, [("Content-Length", "0"), ("Location", "/elsewhere")])
        return [b""]

    return misbehave


def main() -> int:
    """The container's process."""
    if FAULT == "exit":
        print("ImportError: cannot import name 'price' from 'carprice'", file=sys.stderr)
        return int(VALUE)
    if FAULT == "refuse":
        signal.pause()
    if FAULT == "stays":
        # The one who is told to stop does not, and the service itself is not told.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        return subprocess.call([sys.executable, __file__], env={**os.environ, "FAULT": "none"})
    from carprice.api.serving.server import serve
    from carprice.settings import load_settings

    return serve(load_settings(os.environ), "faulty:build_app")


if __name__ == "__main__":
    sys.exit(main())
