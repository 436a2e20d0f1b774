"""The limits of a rollout: named, with defaults, changed in rollout.toml."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from carprice.errors import SettingsError

LIMITS_FILE = "rollout.toml"


@dataclass(frozen=True)
class Limits:
    """Seconds unless the name says otherwise; shares and shifts as fractions of 1. rollout.toml explains each."""

    health_deadline: float = 60.0
    health_passes: int = 2
    settle: float = 4.0
    warmup_deadline: float = 30.0
    warmup_p95_ms: float = 50.0
    shadow_listings: int = 500
    price_shift_median: float = 0.10
    price_shift_p95: float = 0.35
    drain: float = 30.0
    bake: float = 5.0
    bake_error_share: float = 0.01
    bake_slowdown: float = 5.0
    bake_slow_ms: float = 100.0
    stop: float = 10.0
    keep_releases: int = 5
    max_restarts: int = 5
    up_deadline: float = 120.0
    free_memory_share: float = 0.1
    free_disk_mb: float = 500.0


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
    kinds: dict[str, type] = {name: type(value) for name, value in vars(Limits()).items()}
    for name, value in data.items():
        if name not in kinds:
            raise SettingsError(f"{path}: {name!r} is not a limit", f"Limits: {', '.join(kinds)}")
        if not _is_limit(value, kinds[name]):
            kind = "a whole number" if kinds[name] is int else "a number"
            raise SettingsError(f"{path}: {name}: should be {kind} of at least 0 (got {value!r})")
    return Limits(**{name: kinds[name](value) for name, value in data.items()})


def _is_limit(value: object, kind: type) -> bool:
    allowed = (int,) if kind is int else (int, float)
    is_number = isinstance(value, allowed) and not isinstance(value, bool)
    return is_number and 0 <= value < float("inf")  # type: ignore[operator]  # a number, as just checked
