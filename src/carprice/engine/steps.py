"""Steps: functions from files to a file, whose output is named by all that it depends on.

A step that is killed leaves nothing under the name of its output, and one whose output is there is not run again:
the same command, given once more, goes on where it was.
"""

import hashlib
import json
import os
import re
import shutil
import socket
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from carprice.errors import EngineError
from carprice.system.files import describe_access, sync_folder
from carprice.system.locks import HeldError, hold_lock
from carprice.system.remote import describe_remote, is_remote

Step = Callable[..., Any]
"""A function of a module: (inputs: Sequence[Path], output: Path, **settings). It writes a file or a folder."""

PACKAGE = Path(__file__).resolve().parents[1]
LIBRARIES = ("lightgbm", "numpy", "polars", "pyarrow")
"""Another release of these may write other bytes."""
DIGITS = 16
LOCK = ".lock"
DRAFT = ".draft-"
_OUTPUT = re.compile(rf"-[0-9a-f]{{{DIGITS}}}$")


def run_step(function: Step, inputs: Sequence[Path], work: Path, **settings: Any) -> Path:
    """The output of a step in the folder work; the step runs unless it is there already.

    settings: keywords of the function, plain data for JSON. Raises what the step raises, EngineError and OSError.
    """
    output = work / name_output(function, inputs, work, settings)
    if not output.exists():
        write_output(function, inputs, output, settings)
    return output


def name_output(function: Step, inputs: Sequence[Path], work: Path, settings: Mapping[str, Any]) -> str:
    """`<function>-<hash>`, of the function's full name, find_code_version, the settings and the inputs.

    An input that is an output of a step in work, or is in one, counts by its name, any other by its content,
    in object storage by its size and tag.
    """
    facts = {
        "step": f"{function.__module__}.{function.__qualname__}",
        "code": find_code_version(),
        "settings": settings,
        "inputs": [_name_input(Path(path), work) for path in inputs],
    }
    text = json.dumps(facts, sort_keys=True, allow_nan=False)
    return f"{function.__name__}-{hashlib.sha256(text.encode()).hexdigest()[:DIGITS]}"


def write_output(function: Step, inputs: Sequence[Path], output: Path, settings: Mapping[str, Any]) -> None:
    """Run a step, and let its output appear whole."""
    write_whole(output, lambda draft: function([Path(path) for path in inputs], draft, **settings))


def write_whole(output: Path, write: Callable[[Path], Any]) -> None:
    """Let a file or folder appear whole: written to another name beside it, brought to disk, then renamed.

    Where another process was as quick, its output, which is the same, stays. Raises what write raises, EngineError
    and OSError.
    """
    draft = output.with_name(f"{DRAFT}{output.name}.{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}")
    try:
        write(draft)
        _sync(draft)
        with suppress(OSError):
            draft.rename(output)
            sync_folder(output.parent)
        if not output.exists():
            raise EngineError(f"{output}: could not be written: its draft is gone or cannot be renamed")
    finally:
        remove(draft)


def run_part(function: Step, inputs: Sequence[Path], output: Path, settings: Mapping[str, Any], code: str) -> None:
    """What a worker does: write one output. Raises EngineError where its code is not that of who asks."""
    if code != find_code_version():
        raise EngineError(
            f"worker on {socket.gethostname()}: runs other code ({find_code_version()}) than the command ({code})",
            "Start workers and command from the same image",
        )
    if not output.exists():
        write_output(function, inputs, output, settings)


@contextmanager
def hold_work(folder: Path) -> Iterator[Path]:
    """Have a work folder for one command alone, made where there is none, without what killed steps left behind.

    Raises EngineError where another command works in it, or it cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(*describe_access(folder, "written", error)) from None
    try:
        with hold_lock(folder / LOCK):
            for draft in [*folder.glob(f"{DRAFT}*"), *folder.glob(f"*/{DRAFT}*")]:
                remove(draft)
            yield folder
    except HeldError:
        raise EngineError(
            f"{folder}: another command works in this folder", "Wait until it has ended, or name another folder"
        ) from None


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    with suppress(FileNotFoundError):
        path.unlink() if not path.is_dir() else shutil.rmtree(path)


@cache
def find_code_version() -> str:
    """A digest of this package's source and of the releases of LIBRARIES: what may change a step's output."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(f"{path.relative_to(PACKAGE).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):
            digest.update(f"{name}=={version(name)}\0".encode())
    return digest.hexdigest()[:DIGITS]


def _name_input(path: Path, work: Path) -> str:
    if is_remote(path):
        return ":".join(map(str, describe_remote(path)))
    path, work = path.absolute(), work.absolute()
    if path.is_relative_to(work):
        inside = path.relative_to(work)
        if _OUTPUT.search(inside.parts[0]):
            return inside.as_posix()
    try:
        files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
        return " ".join(_digest_file(each, *_find_state(each)) for each in files)
    except OSError as error:
        raise EngineError(*describe_access(path, "read", error)) from None


def _find_state(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_size, state.st_mtime_ns


@cache
def _digest_file(path: Path, size: int, _: int) -> str:
    with path.open("rb") as file:
        return f"{size}:{hashlib.file_digest(file, 'blake2b').hexdigest()}"


def _sync(path: Path) -> None:
    """Bring a file, or a folder with all in it, to disk."""
    for each in [path, *path.rglob("*")] if path.is_dir() else [path]:
        handle = os.open(each, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
