"""carprice status."""

import os
import time

import click

from carprice.cli.console import SERVE_HINT, find_room, print_json, say
from carprice.cli.options import json_option, pass_settings, stack_options
from carprice.names import MIB
from carprice.ops.stacks.choose import choose_stack
from carprice.ops.stacks.protocol import Stack
from carprice.ops.status import ServiceStatus, find_waiting_champion
from carprice.settings import Settings
from carprice.system.tables import format_table

COLUMNS = ("SERVICE", "STATE", "HEALTH", "RESTARTS", "RELEASE", "MODEL", "UPTIME", "MEMORY", "PORT")
SPARE = tuple(COLUMNS.index(name) for name in ("RESTARTS", "MEMORY", "RELEASE"))
"""What a narrow terminal is spared, first to last; --json has it all."""
WATCH_SECONDS = 1.0


@click.command()
@json_option("it")
@click.option("-w", "--watch", is_flag=True, help="Show it again whenever it changes, and stop crash loops.")
@stack_options
@pass_settings
def status(settings: Settings, as_json: bool, watch: bool, forced: str) -> None:
    """Show what runs, since when and how well."""
    stack = choose_stack(settings, forced, say)
    if watch:
        watch_status(stack)
    found = stack.status()
    if as_json:
        print_json("status", [item.as_dict() for item in found])
    else:
        click.echo(describe_status(found))
        if waiting := find_waiting_champion(found, settings):
            say(f"The champion {waiting} does not serve yet. {SERVE_HINT}")


def watch_status(stack: Stack) -> None:
    """Show the status again and again until Ctrl-C: on a terminal in place, else each time that it changed."""
    is_terminal, before = os.isatty(1), ""
    while True:
        stack.stop_crash_loops()
        found = stack.status()
        shown = describe_status(found)
        states = str([(item.name, item.state, item.health, item.restarts) for item in found])
        if is_terminal:
            click.clear()
        if is_terminal or states != before:
            click.echo(shown if is_terminal else f"{shown}\n")
        before = states
        time.sleep(WATCH_SECONDS)


def describe_status(found: list[ServiceStatus]) -> str:
    """A table, and below it what is wrong with whom."""
    rows = [COLUMNS, *(format_row(item) for item in found)]
    lines = [format_table(rows, spare=SPARE, room=find_room())]
    return "\n".join(lines + [f"{item.name} {item.detail}" for item in found if item.detail])


def format_row(item: ServiceStatus) -> tuple[str, ...]:
    """One service as the cells of its row."""
    cells = (
        item.name,
        item.state,
        item.health,
        item.restarts,
        item.release,
        item.model_version,
        None if item.uptime_seconds is None else format_duration(item.uptime_seconds),
        None if item.memory_bytes is None else f"{item.memory_bytes // MIB} MB",
        item.port,
    )
    return tuple("-" if cell in (None, "") else str(cell) for cell in cells)


def format_duration(seconds: int) -> str:
    """`42s`, `5m 10s`, `3h 5m`, `2d 4h`."""
    for unit, size, below, smaller in (("d", 86_400, "h", 3_600), ("h", 3_600, "m", 60), ("m", 60, "s", 1)):
        if seconds >= size:
            return f"{seconds // size}{unit} {seconds % size // smaller}{below}"
    return f"{seconds}s"
