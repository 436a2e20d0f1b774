"""How commands speak: data to stdout, progress and errors to stderr."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

SCHEMA_VERSION = 1
COLOURS = ("cyan", "yellow", "green", "magenta")


def say(text: str) -> None:
    """One line of progress, on stderr."""
    click.echo(text, err=True)


@contextmanager
def step(doing: str, done: str) -> Iterator[None]:
    """Say `doing ...` while the block runs and `done (1.2 s)` when it ended well."""
    started = time.monotonic()
    say(f"{doing} ...")
    yield
    say(f"{done} ({time.monotonic() - started:.1f} s)")


def print_json(kind: str, data: Any) -> None:
    """Data for a machine, on stdout, in the one envelope every command uses."""
    json.dump({"schema": SCHEMA_VERSION, "kind": kind, "data": data}, sys.stdout, indent=2, default=str)
    sys.stdout.write("\n")


def build_printer(width: int) -> Callable[[str, str], None]:
    """A function that prints a log line behind its service's name, each name in a colour on a terminal."""
    colours: dict[str, str] = {}

    def print_line(name: str, line: str) -> None:
        colour = colours.setdefault(name, COLOURS[len(colours) % len(COLOURS)])
        click.echo(f"{click.style(f'{name:<{width}} |', fg=colour)} {line}")

    return print_line
