"""The connection to MLflow: quick to fail where none answers."""

import logging
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from carprice.errors import TrackingError
from carprice.names import MLFLOW
from carprice.settings import Settings, hide_login

if TYPE_CHECKING:
    from mlflow import MlflowClient

HEALTH_SECONDS = 3
REQUEST_SECONDS = 30
SEND_HINT = "Start it with ./carprice up, then send what is kept: ./carprice models send"
FAILED_HINT = f"Find out why: ./carprice logs {MLFLOW}. Then send what is kept: ./carprice models send"
"""Of a server that answers, and fails."""


def show_url(settings: Settings) -> str:
    """MLflow's URL without a user and password in it."""
    return hide_login(settings.tracking_uri)


def check_server(settings: Settings) -> None:
    """Ask MLflow for its health. Raises TrackingError within about HEALTH_SECONDS, naming the URL and why.

    MLflow's own client is slow to import and slow to give up, so this comes first.
    """
    url = show_url(settings)
    if urlsplit(url).scheme not in ("http", "https"):
        raise TrackingError(f"MLflow's URL should begin with http:// or https:// (got {url!r})", SEND_HINT)
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=HEALTH_SECONDS):  # noqa: S310  checked
            return
    except urllib.error.HTTPError as error:
        if error.code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
            return  # a proxy that guards or hides /health: the client will find out
        reason = f"HTTP {error.code}"
    except (OSError, ValueError) as error:
        reason = str(getattr(error, "reason", "") or error)
    raise TrackingError(f"MLflow at {url} does not answer ({reason})", SEND_HINT)


def connect_client(settings: Settings) -> "MlflowClient":
    """A client of the MLflow server, which has just been seen to answer. Raises TrackingError."""
    check_server(settings)
    _set_environment()
    import mlflow

    logging.getLogger("mlflow").setLevel(logging.ERROR)
    mlflow.set_tracking_uri(settings.tracking_uri)
    mlflow.set_registry_uri(settings.tracking_uri)
    return mlflow.MlflowClient(settings.tracking_uri, settings.tracking_uri)


def _set_environment() -> None:
    # MLflow has no other switch for these, and reads some of them while it is imported. No retries: a
    # request that was carried out but whose answer was lost would be done twice; sending again is
    # up to send_run, which looks first at what MLflow has.
    os.environ |= {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": str(REQUEST_SECONDS),
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "MLFLOW_RECORD_ENV_VARS_IN_MODEL_LOGGING": "false",
        "GIT_PYTHON_REFRESH": "quiet",
    }


@contextmanager
def expect_failures(settings: Settings) -> Iterator[None]:
    """Turn what MLflow's client raises into one TrackingError that names the URL."""
    from mlflow.exceptions import MlflowException
    from requests import RequestException

    try:
        yield
    except (MlflowException, RequestException) as error:
        reason = hide_login(str(error)).strip().split("\n")[0][:300]
        raise TrackingError(f"MLflow at {show_url(settings)} failed: {reason}", FAILED_HINT) from error
