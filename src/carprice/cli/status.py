"""carprice status."""

import os
from dataclasses import asdict

import click

from carprice.cli.console import print_json
from carprice.local.stack import find_services
from carprice.local.status import ServiceStatus, read_status
from carprice.settings import MIB, load_settings

COLUMNS = ("SERVICE", "STATE", "HEALTH", "RESTARTS", "PID", "UPTIME", "MEMORY", "PORT", "MODEL")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def status(as_json: bool) -> None:
    """Show what runs, since when and how well."""
    settings = load_settings(os.environ)
    found = read_status(settings, *find_services(settings))
    if as_json:
        print_json("status", [asdict(item) for item in found])
        return
    click.echo(format_table([COLUMNS, *(format_row(item) for item in found)]))
    for item in found:
        if item.detail:
            click.echo(f"{item.service} {item.detail}")


def format_row(item: ServiceStatus) -> tuple[str, ...]:
    """One service as the cells of its row."""
    cells = (
        item.service,
        item.state,
        item.health,
        item.restarts,
        item.pid,
        None if item.uptime_seconds is None else format_duration(item.uptime_seconds),
        None if item.memory_bytes is None else f"{item.memory_bytes // MIB} MB",
        item.port,
        item.model_version,
    )
    return tuple("-" if cell in (None, "") else str(cell) for cell in cells)


def format_table(rows: list[tuple[str, ...]]) -> str:
    """Rows of cells as lines with columns of equal width."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def format_duration(seconds: int) -> str:
    """`42s`, `5m 10s`, `3h 5m`, `2d 4h`."""
    for unit, size, below, smaller in (("d", 86_400, "h", 3_600), ("h", 3_600, "m", 60), ("m", 60, "s", 1)):
        if seconds >= size:
            return f"{seconds // size}{unit} {seconds % size // smaller}{below}"
    return f"{seconds}s"
