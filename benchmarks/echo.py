"""The bare WSGI application that serving.py measures beside ours: the same server and settings, no work."""

import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

from carprice.api.serving.server import serve
from carprice.settings import load_settings


def build_app() -> Callable[..., Iterable[bytes]]:
    """What the server's worker runs."""
    return echo


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Answer with the request's body."""
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


if __name__ == "__main__":
    sys.exit(serve(load_settings(os.environ), "echo:build_app"))
