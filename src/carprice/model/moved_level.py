"""By how much prices paid since a training have moved the level of its prices: a file beside the bundles.

`./carprice index` writes it; a service whose setting bounds it reads it, and no other.
"""

import copy
import json
import math
from pathlib import Path
from typing import Annotated

import msgspec

from carprice.errors import BundleError, FileError
from carprice.model.bundle.manifest import is_there, read_file
from carprice.model.pricer import Pricer
from carprice.system.files import describe_access, write_file
from carprice.system.structs import Number, convert

LEVEL_FILE = "level.json"
MAX_BYTES = 1 << 12
RESET = "Measure it again: ./carprice index; or put it back to 0: ./carprice index --reset"
DIGITS = 6


class MovedLevel(msgspec.Struct, frozen=True):
    """How far prices have moved since the last day that a version learnt from.

    level: in log price. moved: when it was measured, by how many rows of feedback.
    """

    version: str
    level: Number
    moved: str
    rows: Annotated[int, msgspec.Meta(ge=0)]


def read_level(artifacts_dir: Path, version: str, bound: float) -> float:
    """The level of a version in log price, within the bound; 0 where there is none or it is another version's.

    Raises BundleError where the file is damaged.
    """
    path = artifacts_dir / LEVEL_FILE
    if not bound or not is_there(path):
        return 0.0
    try:
        data = json.loads(read_file(path, MAX_BYTES))
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path}: is not JSON ({error})", RESET) from None
    found = convert(data, MovedLevel, str(path), BundleError, RESET)
    return min(max(found.level, -bound), bound) if found.version == version else 0.0


def write_level(artifacts_dir: Path, moved: MovedLevel) -> None:
    """Write the file whole or not at all. Raises FileError."""
    write_file(artifacts_dir / LEVEL_FILE, msgspec.json.encode(moved) + b"\n")


def forget_level(artifacts_dir: Path) -> None:
    """Remove the file. Raises FileError."""
    try:
        (artifacts_dir / LEVEL_FILE).unlink(missing_ok=True)
    except OSError as error:
        raise FileError(*describe_access(artifacts_dir / LEVEL_FILE, "written", error)) from None


def move_pricer(pricer: Pricer, level: float) -> Pricer:
    """The pricer with its prices, and their ranges, moved by that much in log price; the first stays as it is."""
    moved = copy.copy(pricer)
    moved.level = pricer.trained_level + level
    return moved


def share_moved(pricer: Pricer) -> float:
    """By which share prices are above those of the training."""
    return round(math.expm1(pricer.level - pricer.trained_level), DIGITS)
