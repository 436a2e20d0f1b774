"""A release, one image and one model version as a unit, and the .env file that pins what is live."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from carprice.names import IMAGE_MODEL
from carprice.ops.docker.env_file import DEFAULT_PROJECT, read_env, write_env

IMAGE = "car-price-prediction"
LATEST = "latest"
DEFAULT_IMAGE = f"{IMAGE}:{LATEST}"
DEFAULT_RELEASE = "local"
PINS = ("RELEASE", "IMAGE", "MODEL_VERSION")
NEXT_PINS = tuple(f"NEXT_{name}" for name in PINS)

_NUMBER = re.compile(r"r(\d+)")


@dataclass(frozen=True)
class Release:
    """One image and one model.

    name: r1, r2 and so on, or `local` before the first rollout. model: a version, `image` for the one that the
    image brings, or empty for the champion, whichever it is, as before the first rollout.
    """

    name: str
    image: str
    model: str

    @property
    def bundle(self) -> str:
        """The version in artifacts/ that it needs; empty where it needs none."""
        return "" if self.model == IMAGE_MODEL else self.model


def describe_model(model: str) -> str:
    """The model of a release, for people."""
    return {IMAGE_MODEL: "of the image", "": "the champion"}.get(model, model)


def image_of(name: str, project: str = DEFAULT_PROJECT) -> str:
    """The image name of a release, which no later build moves. Another stack on this machine has its own."""
    return f"{IMAGE}:{name if project == DEFAULT_PROJECT else f'{project}-{name}'}"


def next_name(names: Iterable[str]) -> str:
    """The name of the next release after all of those: r1, r2 and so on."""
    numbers = [int(match[1]) for name in names if (match := _NUMBER.fullmatch(name))]
    return f"r{max(numbers, default=0) + 1}"


def read_release(path: Path) -> Release:
    """The release that the .env file pins. Raises StackError for a damaged file."""
    values = read_env(path)
    return Release(
        values.get("RELEASE") or DEFAULT_RELEASE,
        values.get("IMAGE") or DEFAULT_IMAGE,
        values.get("MODEL_VERSION") or "",
    )


def pin_release(path: Path, release: Release) -> None:
    """Make a release the one that `docker compose up -d` keeps live, and forget the candidate.

    Raises StackError and FileError where the file cannot be read or written.
    """
    pins = dict(zip(PINS, (release.name, release.image, release.model), strict=True))
    write_env(path, {**pins, **dict.fromkeys(NEXT_PINS)})


def pin_candidate(path: Path, release: Release) -> None:
    """Name the candidate of a rollout. Raises as pin_release does."""
    write_env(path, dict(zip(NEXT_PINS, (release.name, release.image, release.model), strict=True)))
