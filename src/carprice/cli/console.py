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
    from carprice.listings.listings_files import ListingsFiles
    from carprice.training.on_engine.work import EngineChoice

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


def count_rows(
    find_share: Callable[[], float] | None, least: int = 0, clock: Callable[[], float] = time.monotonic
) -> Callable[[int], None]:
    """What shows how many rows were read, from that many on, for a reader that calls it batch by batch.

    On a terminal it is one line with the rows a second and the time that is left, drawn again until the next say;
    else a line per million. find_share: how much of the files was read, 0 where that is not known; None too.
    """
    started, shown = clock(), least - PROGRESS_ROWS

    def show(rows: int) -> None:
        nonlocal shown
        if os.isatty(2) and rows >= least:
            seconds, share = max(clock() - started, 0.001), find_share() if find_share else 0.0
            left = _write_left(seconds * (1 - share) / share) if 0 < share < 1 else ""
            click.echo(f"{CLEARED}Read {rows:,} rows, {rows / seconds:,.0f} rows/s{left} ...", nl=False, err=True)
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


def choose_engine(
    address: str | None, workers: int | None, gang: int, source: "ListingsFiles | None"
) -> "EngineChoice":
    """The engine of a training as its options name it, and what shows how far it is.

    Without an engine on a terminal alone: elsewhere its steps are enough. source: None where listings are drawn.
    """
    from carprice.training.on_engine.work import EngineChoice

    show = show_parts() if address or workers or gang or os.isatty(2) else None
    read = count_rows(source.find_share_read if source else None, PROGRESS_ROWS)
    return EngineChoice(address or "", workers or 0, show, gang, read)


def _describe_progress(progress: "Progress", seconds: float) -> str:
    """In under 80 characters, as a terminal has."""
    name = progress.step.replace("_", " ").capitalize()
    speed = max(progress.rows or progress.made, 0) / max(seconds, 0.001)
    rate = f", {speed:,.0f} rows/s" if progress.rows else f", {speed:,.3g} parts/s" if progress.made else ""
    left = ""
    if progress.is_all and progress.made and progress.done < progress.parts:
        rest = (progress.parts - progress.done) * seconds / progress.made
        left = _write_left(rest)
    more = "" if progress.is_all else " so far"
    if progress.done > progress.made and not left and progress.is_all:
        more = f", {progress.done - progress.made:,} kept"
    return f"{name}: {progress.done:,} of {progress.parts:,} parts{more}{rate}{left} ..."


def _write_left(seconds: float) -> str:
    return f", {timedelta(seconds=round(seconds))} left"


def name_command(text: str) -> str:
    """The text with the command as it is typed here: `./carprice` in a checkout, else `carprice`."""
    return text if COMMAND == CHECKOUT_COMMAND else text.replace(CHECKOUT_COMMAND, COMMAND)


def print_text(text: str) -> None:
    """Text for a person, on stdout, with commands as they are typed here."""
    click.echo(name_command(text))


def find_room(handle: int = 1) -> int | None:
    """How many characters a line of stdout, or of stderr (2), has room for; None where it is no terminal."""
    return os.get_terminal_size(handle).columns if os.isatty(handle) else None


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
