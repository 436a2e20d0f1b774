"""A release, one image and one model version as a unit, and the .env file that pins what is live."""

import re
from dataclasses import dataclass
from pathlib import Path

from carprice.errors import StackError
from carprice.model.manifest import write_file

IMAGE = "car-price-prediction"
DEFAULT_IMAGE = f"{IMAGE}:latest"
DEFAULT_RELEASE = "local"
PINS = ("RELEASE", "IMAGE", "MODEL_VERSION")

_LINE = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)")
_NUMBER = re.compile(r"r(\d+)")


@dataclass(frozen=True)
class Release:
    """name: r1, r2 and so on, or `local` before the first rollout. model: empty for the champion."""

    name: str
    image: str
    model: str


def image_of(name: str) -> str:
    """The image name of a release, which no later build moves."""
    return f"{IMAGE}:{name}"


def read_env(path: Path) -> dict[str, str]:
    """The variables of an .env file; none where there is no file. Raises StackError naming a bad line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(f"{path}: cannot be read ({error})", f"Mend or remove it: {path}") from None
    values = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if not match:
            raise StackError(
                f"{path}: line {number}: should be NAME=VALUE (got {line[:40]!r})", f"Mend it: {path}"
            )
        values[match[1]] = match[2].strip().strip("\"'")
    return values


def write_env(path: Path, changes: dict[str, str | None]) -> None:
    """Set variables of an .env file, or remove those set to None; other lines stay as they are."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    kept = []
    left = dict(changes)
    for line in lines:
        match = _LINE.fullmatch(line)
        name = match[1] if match and not line.lstrip().startswith("#") else None
        if name not in changes:
            kept.append(line)
        elif (value := left.pop(name, None)) is not None:
            kept.append(f"{name}={value}")
    kept += [f"{name}={value}" for name, value in left.items() if value is not None]
    write_file(path, ("\n".join(kept) + "\n").encode())


def read_release(path: Path) -> Release:
    """The release that the .env file pins."""
    values = read_env(path)
    return Release(
        values.get("RELEASE") or DEFAULT_RELEASE,
        values.get("IMAGE") or DEFAULT_IMAGE,
        values.get("MODEL_VERSION") or "",
    )


def pin_release(path: Path, release: Release) -> None:
    """Make a release the one that `docker compose up -d` keeps live, and forget the candidate."""
    write_env(
        path,
        {"RELEASE": release.name, "IMAGE": release.image, "MODEL_VERSION": release.model}
        | {f"NEXT_{name}": None for name in PINS},
    )


def pin_candidate(path: Path, release: Release) -> None:
    """Name the candidate of a rollout."""
    pins = dict(zip(PINS, (release.name, release.image, release.model), strict=True))
    write_env(path, {f"NEXT_{name}": value for name, value in pins.items()})


def next_name(names: list[str]) -> str:
    """The name of the next release after all of those: r1, r2 and so on."""
    numbers = [int(match[1]) for name in names if (match := _NUMBER.fullmatch(name))]
    return f"r{max(numbers, default=0) + 1}"
