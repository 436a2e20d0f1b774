"""A release, one image and one model version as a unit, and the .env file that pins what is live."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from carprice.errors import StackError
from carprice.system.files import replace_file

IMAGE = "car-price-prediction"
LATEST = "latest"
DEFAULT_IMAGE = f"{IMAGE}:{LATEST}"
DEFAULT_RELEASE = "local"
DEFAULT_PROJECT = "car-price"
OWN_MODEL = "image"
PINS = ("RELEASE", "IMAGE", "MODEL_VERSION")
NEXT_PINS = tuple(f"NEXT_{name}" for name in PINS)

_LINE = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)")
_NUMBER = re.compile(r"r(\d+)")


@dataclass(frozen=True)
class Release:
    """One image and one model.

    name: r1, r2 and so on, or `local` before the first rollout. model: a version, `image` for the one that the
    image brings, or empty for the champion of the day, as before the first rollout.
    """

    name: str
    image: str
    model: str

    @property
    def bundle(self) -> str:
        """The version in artifacts/ that it needs; empty where it needs none."""
        return "" if self.model == OWN_MODEL else self.model


def describe_model(model: str) -> str:
    """The model of a release, for people."""
    return {OWN_MODEL: "of the image", "": "the champion"}.get(model, model)


def image_of(name: str, project: str = DEFAULT_PROJECT) -> str:
    """The image name of a release, which no later build moves. Another stack on this machine has its own."""
    return f"{IMAGE}:{name if project == DEFAULT_PROJECT else f'{project}-{name}'}"


def next_name(names: Iterable[str]) -> str:
    """The name of the next release after all of those: r1, r2 and so on."""
    numbers = [int(match[1]) for name in names if (match := _NUMBER.fullmatch(name))]
    return f"r{max(numbers, default=0) + 1}"


def read_env(path: Path) -> dict[str, str]:
    """The variables of an .env file; none where there is no file. Raises StackError naming a bad line."""
    values = {}
    for number, line in enumerate(_read_lines(path), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        variable = read_env_line(line)
        if not variable:
            raise StackError(
                f"{path}: line {number}: should be NAME=VALUE (got {line[:40]!r})", f"Mend it: {path}"
            )
        values[variable[0]] = variable[1]
    return values


def read_env_line(line: str) -> tuple[str, str] | None:
    """The name and the value that a line of an .env file sets; None for any other line."""
    match = _LINE.fullmatch(line)
    return (match[1], match[2].strip().strip("\"'")) if match else None


def write_env(path: Path, changes: dict[str, str | None]) -> None:
    """Set variables of an .env file, or remove those set to None; other lines stay as they are."""
    lines = _read_lines(path)
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
    if kept != lines:
        _write_lines(path, kept)


def mend_env(path: Path) -> str:
    """Take away a last line that was cut off in the middle, which Compose cannot read; returns that line."""
    lines = _read_lines(path)
    if not lines or _LINE.fullmatch(lines[-1]) or lines[-1].lstrip().startswith("#") or _ends_line(path):
        return ""
    _write_lines(path, lines[:-1])
    return lines[-1]


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
    pins = dict(zip(PINS, (release.name, release.image, release.model), strict=True))
    write_env(path, {**pins, **dict.fromkeys(NEXT_PINS)})


def pin_candidate(path: Path, release: Release) -> None:
    """Name the candidate of a rollout."""
    write_env(path, dict(zip(NEXT_PINS, (release.name, release.image, release.model), strict=True)))


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(f"{path}: cannot be read ({error})", f"Mend or remove it: {path}") from None


def _write_lines(path: Path, lines: list[str]) -> None:
    replace_file(path, "".join(f"{line}\n" for line in lines).encode())


def _ends_line(path: Path) -> bool:
    return path.read_bytes().endswith(b"\n")
