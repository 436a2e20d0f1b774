"""Settings of every part: read once from the environment, checked whole, then frozen."""

import math
import re
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from carprice.errors import SettingsError
from carprice.names import API_PORT, KIB, MIB, MLFLOW_PORT
from carprice.system.origins import parse_origins
from carprice.system.rates import parse_rate

PACKAGE = Path(__file__).resolve().parent
IS_CHECKOUT = PACKAGE.parent.name == "src"
COMMAND = "./carprice" if IS_CHECKOUT else "carprice"
"""What people type."""
ROOT = PACKAGE.parents[1] if IS_CHECKOUT else Path.cwd()
"""Where models, logs and data are: the checkout, or for an installed package the current folder."""

MAX_INDEX_BOUND = 0.1
"""What is farther from its training is trained again."""
STACKS = ("", "docker", "local")
OVERLAY_PREFIX = "kubernetes:"
"""Of a stack on Kubernetes: the folder of its overlay comes behind it."""
MAY_BE_ZERO = frozenset(("log_lines_per_second", "samples_per_second", "feedback_rows", "share_sample"))
"""0 switches off what is kept of requests, or shown of them: docs/privacy.md."""


_ROUTE = re.compile(r"/[A-Za-z0-9._~/:@-]*").fullmatch


@dataclass(frozen=True)
class Settings:
    """Every setting with its default; the environment overrides with CARPRICE_ and the name in capitals.

    Folders are absolute. Sizes are in bytes, times in seconds. stack is docker, local, kubernetes: with the
    folder of an overlay, or empty for Docker where an engine answers. trusted_keys is the folder of the public
    keys that bundles have to be signed with, signing_key the private key that a training signs with: empty for
    neither. api_keys is the folder of the API keys, one of which every request then needs; address_rate how many
    requests a second one address may send, such as 50/s: empty for no keys, and for any number. tls is the
    folder of the certificate and key that the edge of the Docker stack speaks TLS with: empty for none.
    dealer_name stands on a printed price. allowed_origins: the sites whose pages may read the answers in a
    browser, empty for none. replica_names: the host names of all replicas and of a rollout's candidates, which
    the service's page asks. feedback_url is the database that feedback is kept in, empty for a file.
    promote_...: by how much worse than the champion a promotion takes a model, as shares of 1; docs/compare.md
    explains each, docs/monitor.md those of monitor_... and index_bound: how far, in log price, prices that come
    back may move all prices, 0 for no move. health_route and predict_route: paths that Vertex AI chose, beside
    its usual ones. share_sample: 1 gives GET /info/sample.
    """

    artifacts_dir: Path = ROOT / "artifacts"
    logs_dir: Path = ROOT / "logs"
    markets_dir: Path = (ROOT if IS_CHECKOUT else PACKAGE) / "markets"
    var_dir: Path = ROOT / "var"
    stack_dir: Path = ROOT
    stack: str = field(default="", compare=False)
    host: str = "0.0.0.0"  # noqa: S104  a service in a container listens on every address
    port: int = API_PORT
    mlflow_port: int = MLFLOW_PORT
    mlflow_url: str = ""
    mlflow_public_url: str = ""
    fallback_dir: str = ""
    model_version: str = ""
    trusted_keys: str = ""
    signing_key: str = ""
    api_keys: str = ""
    address_rate: str = ""
    tls: str = ""
    release: str = "local"
    dealer_name: str = ""
    allowed_origins: str = ""
    replica_names: str = ""
    health_route: str = ""
    predict_route: str = ""
    share_sample: int = 0
    max_model_days: int = 90
    threads: int = 4
    idle_seconds: int = 15
    max_listing_bytes: int = 64 * KIB
    max_body_bytes: int = 8 * MIB
    max_batch_rows: int = 10_000
    max_batches: int = 2
    start_seconds: int = 300
    shutdown_seconds: int = 25
    watchdog_seconds: int = 10
    watchdog_failures: int = 3
    log_bytes: int = 10 * MIB
    log_files: int = 5
    log_lines_per_second: int = 100
    sample_bytes: int = 5 * MIB
    samples_per_second: int = 10
    feedback_url: str = ""
    feedback_rows: int = 200_000
    feedback_bytes: int = 512 * MIB
    promote_absolute_change: float = 0.005
    promote_relative_change: float = 0.05
    promote_segment_absolute_change: float = 0.02
    promote_segment_relative_change: float = 0.15
    promote_coverage_change: float = 0.05
    promote_price_shift: float = 0.1
    index_bound: float = 0.0
    monitor_days: int = 30
    monitor_error_rise: float = 0.25
    monitor_ratio_shift: float = 0.03
    monitor_coverage_drop: float = 0.05
    monitor_drift_watch: float = 0.1
    monitor_drift_act: float = 0.25
    monitor_unknown: float = 0.05
    monitor_outside: float = 0.05
    monitor_low_confidence: float = 0.1
    monitor_refused: float = 0.05

    @property
    def api_keys_folder(self) -> Path | None:
        """Where the API keys are, None where none are needed; a folder ./ is the stack's, as for Compose."""
        return self.stack_dir / self.api_keys if self.api_keys else None

    @property
    def tls_folder(self) -> Path | None:
        """Where the certificate and key are, None without TLS."""
        return self.stack_dir / self.tls if self.tls else None

    @property
    def feedback_file(self) -> Path:
        """What cars were sold or listed for: one SQLite file, which all replicas share."""
        return self.var_dir / "feedback" / "feedback.db"

    @property
    def run_link(self) -> str:
        """Where a person's browser finds MLflow: mlflow_public_url, else the same as programs; without a login."""
        return hide_login(self.mlflow_public_url or self.tracking_uri)

    @property
    def tracking_uri(self) -> str:
        """Where MLflow answers: mlflow_url, or this machine's own server."""
        return self.mlflow_url or f"http://127.0.0.1:{self.mlflow_port}"


def hide_login(text: str) -> str:
    """A URL, or a text with URLs in it, without the user and password before their hosts."""
    # Up to the last @: a password that should have been percent-encoded may hold one, or a slash.
    return re.sub(r"(?<=://)\S*@", "", text)


def load_settings(environment: Mapping[str, str], **flags: Any) -> Settings:
    """Build the settings: a flag that is not None wins over the environment, the environment over the default.

    Raises SettingsError naming the variable, the expectation and the value. MLFLOW_TRACKING_URI is
    read as CARPRICE_MLFLOW_URL is.
    """
    values: dict[str, Any] = {}
    if uri := environment.get("MLFLOW_TRACKING_URI"):
        values["mlflow_url"] = uri
    for name, default in vars(Settings()).items():
        variable = f"CARPRICE_{name.upper()}"
        if variable in environment:
            values[name] = _READERS[type(default) if not isinstance(default, Path) else Path](
                variable, environment[variable]
            )
    # MLFLOW_TRACKING_URI may be of another kind, for other programs.
    for variable in ("CARPRICE_MLFLOW_URL", "CARPRICE_MLFLOW_PUBLIC_URL"):
        _check_address(variable, environment.get(variable, ""))
    values.update({name: value for name, value in flags.items() if value is not None})
    settings = Settings(**values)
    _check_settings(settings)
    return settings


def add_env_file(environment: MutableMapping[str, str]) -> None:
    """Add the CARPRICE_ settings of the stack's .env file, read as Compose reads it; what is set already wins.

    A file that is missing or damaged adds nothing: the command that needs it names what is wrong.
    """
    path = Path(environment.get("CARPRICE_STACK_DIR") or ROOT) / ".env"
    if not path.exists():
        return
    from dotenv import dotenv_values  # not in the API image, which is given its environment by Compose

    with suppress(OSError, UnicodeDecodeError):
        for name, value in dotenv_values(path).items():
            if name.startswith("CARPRICE_") and value is not None:
                environment.setdefault(name, value)


def _read_count(variable: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise SettingsError(f"{variable}: should be a whole number (got {text!r})") from None


def _read_share(variable: str, text: str) -> float:
    with suppress(ValueError):
        if math.isfinite(share := float(text)) and share >= 0:
            return share
    raise SettingsError(f"{variable}: should be a number of at least 0 (got {text!r})")


def _read_folder(variable: str, text: str) -> Path:
    if not text:
        raise SettingsError(f"{variable}: should be a folder (got '')")
    return Path(text).absolute()


def _check_address(variable: str, text: str) -> None:
    if text and not text.startswith(("http://", "https://")):
        raise SettingsError(
            f"{variable}: should be an address such as http://host:5000 (got {hide_login(text)!r})"
        )


_READERS: dict[type, Callable[[str, str], Any]] = {
    int: _read_count,
    float: _read_share,
    Path: _read_folder,
    str: lambda _, text: text,
}


def _check_settings(settings: Settings) -> None:
    for name, value in vars(settings).items():
        least = 0 if name in MAY_BE_ZERO else 1
        if isinstance(value, int) and value < least:
            raise SettingsError(f"CARPRICE_{name.upper()}: should be at least {least} (got {value})")
    if settings.share_sample > 1:
        raise SettingsError(f"CARPRICE_SHARE_SAMPLE: should be 0 or 1 (got {settings.share_sample})")
    if settings.stack not in STACKS and not settings.stack.startswith(OVERLAY_PREFIX):
        raise SettingsError(
            f"CARPRICE_STACK: should be docker, local or kubernetes:OVERLAY (got {settings.stack!r})"
        )
    _check_texts(settings)
    if settings.index_bound > MAX_INDEX_BOUND:
        raise SettingsError(
            f"CARPRICE_INDEX_BOUND: should be at most {MAX_INDEX_BOUND} (got {settings.index_bound:g})"
        )
    for name in ("port", "mlflow_port"):
        port = getattr(settings, name)
        if port > 65535:
            raise SettingsError(f"CARPRICE_{name.upper()}: should be at most 65535 (got {port})")


def _check_texts(settings: Settings) -> None:
    for name in ("trusted_keys", "api_keys", "tls"):
        folder = getattr(settings, name)
        if folder and not folder.startswith(("/", "./", "../")):
            raise SettingsError(  # Compose would take it for the name of a volume
                f"CARPRICE_{name.upper()}: should be a folder that begins with / or ./ (got {folder!r})"
            )
    for name in ("health_route", "predict_route"):
        route = getattr(settings, name)
        if route and not _ROUTE(route):
            raise SettingsError(f"CARPRICE_{name.upper()}: should be a path that begins with / (got {route!r})")
    for name, parse in (("address_rate", parse_rate), ("allowed_origins", parse_origins)):
        try:
            parse(getattr(settings, name))
        except ValueError as error:
            raise SettingsError(f"CARPRICE_{name.upper()}: {error}") from None
    if settings.feedback_url and not settings.feedback_url.startswith(("postgresql://", "postgres://")):
        raise SettingsError(
            "CARPRICE_FEEDBACK_URL: should be postgresql://user:password@host/database "
            f"(got {hide_login(settings.feedback_url)!r})"
        )
