"""The .env file of a stack, read as Compose reads it and written line by line."""

import io
import re
from pathlib import Path

from dotenv.main import DotEnv
from dotenv.parser import parse_stream

from carprice.errors import StackError
from carprice.system.files import replace_file
from carprice.system.processes import Runner

ENV_FILE = ".env"
DEFAULT_PROJECT = "car-price"
PROJECT_VARIABLE = "COMPOSE_PROJECT_NAME"
SHOWN_CHARACTERS = 40

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=.*")


def read_env(path: Path) -> dict[str, str]:
    """The variables of an .env file; none where there is no file. Of a name given twice the last counts.

    Raises StackError naming a line that is no NAME=VALUE.
    """
    text = _read_text(path)
    for binding in parse_stream(io.StringIO(text)):
        if binding.error or (binding.key and binding.value is None):
            line = binding.original.string.strip()
            # A binding begins with the empty lines before it.
            number = binding.original.line + binding.original.string.count(
                "\n", 0, binding.original.string.find(line)
            )
            raise StackError(
                f"{path}: line {number}: should be NAME=VALUE (got {line[:SHOWN_CHARACTERS]!r})",
                f"Correct it: {path}",
            )
    values = DotEnv(None, stream=io.StringIO(text)).dict()
    return {name: value for name, value in values.items() if value is not None}


def write_env(path: Path, changes: dict[str, str | None]) -> None:
    """Set variables of an .env file, or remove those set to None; other lines stay as they are.

    Raises StackError where the file cannot be read, FileError where it cannot be written.
    """
    lines = _read_text(path).splitlines()
    kept = []
    left = dict(changes)
    for line in lines:
        name = find_name(line)
        if name not in changes:
            kept.append(line)
        elif (value := left.pop(name, None)) is not None:
            kept.append(f"{name}={value}")
    kept += [f"{name}={value}" for name, value in left.items() if value is not None]
    if kept != lines:
        _write_lines(path, kept)


def repair_env(path: Path) -> str:
    """Take away a last line that was cut off in the middle, which Compose cannot read; returns that line.

    Raises as write_env does.
    """
    text = _read_text(path)
    lines = text.splitlines()
    if not lines or find_name(lines[-1]) or lines[-1].lstrip().startswith("#") or text.endswith("\n"):
        return ""
    _write_lines(path, lines[:-1])
    return lines[-1]


def find_name(line: str) -> str | None:
    """The name of the variable that a line sets; None for any other line."""
    match = _LINE.fullmatch(line)
    return match[1] if match else None


def find_project(runner: Runner) -> str:
    """The name that Compose gives this stack: of the environment, the .env file or the compose file."""
    own = runner.environment.get(PROJECT_VARIABLE)
    return own or read_env(runner.folder / ENV_FILE).get(PROJECT_VARIABLE) or DEFAULT_PROJECT


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(f"{path}: cannot be read ({error})", f"Correct or remove it: {path}") from None


def _write_lines(path: Path, lines: list[str]) -> None:
    replace_file(path, "".join(f"{line}\n" for line in lines).encode())
