"""The limits of a rollout: named, with defaults, changed in rollout.toml."""

import tomllib
from pathlib import Path
from typing import Annotated

import msgspec

from carprice.errors import SettingsError
from carprice.system.structs import NotNegative, convert

LIMITS_FILE = "rollout.toml"
STATUS_SECONDS = 5.0
"""Within which a service says how it is, or is taken for gone."""
Count = Annotated[int, msgspec.Meta(ge=0)]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds unless the name says otherwise; shares and shifts as fractions of 1. rollout.toml explains each."""

    health_deadline: NotNegative = 60.0
    health_passes: Count = 2
    settle: NotNegative = 4.0
    warmup_deadline: NotNegative = 30.0
    warmup_p95_ms: NotNegative = 50.0
    shadow_listings: Count = 500
    price_shift_median: NotNegative = 0.10
    price_shift_p95: NotNegative = 0.35
    drain: NotNegative = 30.0
    bake: NotNegative = 5.0
    bake_error_share: NotNegative = 0.01
    bake_slowdown: NotNegative = 5.0
    bake_slow_ms: NotNegative = 100.0
    stop: NotNegative = 10.0
    keep_releases: Count = 5
    max_restarts: Count = 5
    up_deadline: NotNegative = 120.0
    free_memory_share: NotNegative = 0.1
    free_disk_mb: NotNegative = 500.0


def load_limits(folder: Path) -> Limits:
    """Read rollout.toml of a folder; what it does not name keeps its default.

    Raises SettingsError naming path, expectation and value.
    """
    path = folder / LIMITS_FILE
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Limits()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from None
    return convert(data, Limits, str(path), SettingsError)
