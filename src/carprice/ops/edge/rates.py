"""The rates and quotas of API keys at the edge, where they hold for all replicas together."""

from collections.abc import Iterable
from pathlib import Path

from carprice.access.internal_key import ensure_internal_key
from carprice.access.keys import ApiKey, read_keys
from carprice.errors import StackError
from carprice.ops.stack_context import StackContext
from carprice.system.files import write_file

RATES_FILE = Path("edge") / "run" / "rates.map"
FILE_MODE = 0o644


def prepare_keys(context: StackContext) -> None:
    """Where keys are needed: the stack's own key, and the rates that the edge reads when it starts."""
    folder = context.settings.api_keys_folder
    if folder:
        ensure_internal_key(context.settings.var_dir, folder)
        write_rates(context.folder, read_keys(folder))


def publish_rate(context: StackContext, key: ApiKey, keys: Iterable[ApiKey]) -> None:
    """Let the edge know the limits of a key that was made, or that one is no longer there, now and when it starts.

    Nothing happens now where the edge does not run. Raises FileError where the file cannot be written, StackError
    where the edge does not take it.
    """
    kept = list(keys)
    write_rates(context.folder, kept)
    try:
        context.edge.find_container()
    except StackError:
        return
    context.edge.set_rate(_name_key(key), _write_limits(key) if key in kept else "")


def write_rates(folder: Path, keys: Iterable[ApiKey]) -> None:
    """Write the map of a stack's edge: digest and limits, of each key that has any."""
    path = folder / RATES_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{_name_key(key)} {limits}\n" for key in keys if (limits := _write_limits(key))]
    write_file(path, "".join(lines).encode())
    path.chmod(FILE_MODE)


def _name_key(key: ApiKey) -> str:
    """The digest as HAProxy writes it."""
    return key.sha256.upper()


def _write_limits(key: ApiKey) -> str:
    """Requests a second and a day as the edge reads them, empty for any number of both."""
    limits = key.limits
    return f"{limits.per_second}:{limits.per_day}" if any(limits) else ""
