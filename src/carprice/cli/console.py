"""How commands print: data to stdout, progress and errors to stderr."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from carprice.settings import COMMAND
from carprice.system.terminal import strip_controls

if TYPE_CHECKING:
    from carprice.engine.engine import Progress, Show

SCHEMA_VERSION = 1
CHECKOUT_COMMAND = "./carprice"
SERVE_HINT = "It serves after ./carprice restart; on Docker after ./carprice rollout, which loses no request"
"""Of a champion that does not serve yet."""
PROGRESS_ROWS = 1_000_000
PROGRESS_SECONDS = 30.0
"""Between lines that no terminal draws again."""
CLEARED = "\r\x1b[2K"
"""The cursor at the start of an empty line: ECMA-48."""
COLOURS = ("cyan", "yellow", "green", "magenta")


def say(text: str) -> None:
    """One line of progress, on stderr, without control characters that a file may have put into it."""
    click.echo(f"{CLEARED if os.isatty(2) else ''}{strip_controls(name_command(text))}", err=True)


def count_rows(least: int = 0) -> Callable[[int], None]:
    """What shows how many rows were read, from that many on, for a reader that calls it batch by batch.

    On a terminal it is one line with the rows a second, drawn again until the next say; else a line per million.
    """
    started, shown = time.monotonic(), least - PROGRESS_ROWS

    def show(rows: int) -> None:
        nonlocal shown
        if os.isatty(2) and rows >= least:
            speed = rows / max(time.monotonic() - started, 0.001)
            click.echo(f"{CLEARED}Read {rows:,} rows, {speed:,.0f} a second ...", nl=False, err=True)
        elif rows - shown >= PROGRESS_ROWS:
            shown = rows
            say(f"Read {rows:,} rows ...")

    return show


def show_parts(clock: Callable[[], float] = time.monotonic) -> "Show":
    """What shows how far a step of an engine is: parts done, parts or rows a second, and the time that is left.

    On a terminal it is one line, drawn again until the next say; else a line now and then, and the last of a step.
    """
    step, started, shown = "", 0.0, 0.0

    def show(progress: "Progress") -> None:
        nonlocal step, started, shown
        now = clock()
        if progress.step != step or not progress.made:
            step, started, shown = progress.step, now, now
        is_done = progress.is_all and progress.done == progress.parts
        text = _describe_progress(progress, now - started)
        if os.isatty(2):
            click.echo(f"{CLEARED}{text}", nl=False, err=True)
        elif (is_done and progress.made) or now - shown >= PROGRESS_SECONDS:
            shown = now
            say(text)

    return show


def _describe_progress(progress: "Progress", seconds: float) -> str:
    """In under 80 characters, as a terminal has."""
    name = progress.step.replace("_", " ").capitalize()
    speed = max(progress.rows or progress.made, 0) / max(seconds, 0.001)
    rate = f", {speed:,.0f} rows/s" if progress.rows else f", {speed:,.3g} parts/s" if progress.made else ""
    left = ""
    if progress.is_all and progress.made and progress.done < progress.parts:
        rest = (progress.parts - progress.done) * seconds / progress.made
        left = f", {timedelta(seconds=round(rest))} left"
    more = "" if progress.is_all else " so far"
    if progress.done > progress.made and not left and progress.is_all:
        more = f", {progress.done - progress.made:,} kept"
    return f"{name}: {progress.done:,} of {progress.parts:,} parts{more}{rate}{left} ..."


def name_command(text: str) -> str:
    """The text with the command as it is typed here: `./carprice` in a checkout, else `carprice`."""
    return text if COMMAND == CHECKOUT_COMMAND else text.replace(CHECKOUT_COMMAND, COMMAND)


def find_room() -> int | None:
    """How many characters a line of stdout has room for; None where it is no terminal."""
    return os.get_terminal_size(1).columns if os.isatty(1) else None


def print_json(kind: str, data: Any) -> None:
    """Data for a machine, on stdout, in the one envelope every command uses."""
    json.dump({"schema": SCHEMA_VERSION, "kind": kind, "data": data}, sys.stdout, indent=2, default=str)
    sys.stdout.write("\n")


def print_lines(lines: Iterable[tuple[str, str]], width: int) -> None:
    """Print each log line behind its name, each name in a colour on a terminal; width: of the longest name."""
    colours: dict[str, str] = {}
    for name, line in lines:
        colour = colours.setdefault(name, COLOURS[len(colours) % len(COLOURS)])
        click.echo(f"{click.style(f'{name:<{width}} |', fg=colour)} {line}")
