"""carprice logs."""

import os

import click

from carprice.local.logs import Show, follow_logs, measure_logs, show_tails
from carprice.local.services import Service
from carprice.local.stack import choose_services, find_services
from carprice.local.supervision import is_gone
from carprice.settings import Settings, load_settings

LINES = 100
COLOURS = ("cyan", "yellow", "green", "magenta")


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines until Ctrl-C.")
@click.option(
    "-n", "--lines", default=LINES, show_default=True, type=click.IntRange(0), help="Last lines of each."
)
@click.argument("service", nargs=-1)
def logs(follow: bool, lines: int, service: tuple[str, ...]) -> None:
    """Show the logs of the services, or of those named."""
    settings = load_settings(os.environ)
    services = choose_services(find_services(settings)[0], list(service))
    sizes = measure_logs(services)
    show_tails(services, sizes, lines, build_printer(services))
    if follow:
        show_new_logs(settings, services, sizes)


def show_new_logs(settings: Settings, services: list[Service], sizes: dict[str, int]) -> None:
    """Show new lines until the stack is down."""
    follow_logs(services, sizes, build_printer(services), lambda: is_gone(settings))


def build_printer(services: list[Service]) -> Show:
    """A function that prints a line behind its service's name, in colour on a terminal."""
    width = max(len(service.name) for service in services)
    colours = {service.name: COLOURS[number % len(COLOURS)] for number, service in enumerate(services)}

    def print_line(service: Service, line: str) -> None:
        prefix = click.style(f"{service.name:<{width}} |", fg=colours[service.name])
        click.echo(f"{prefix} {line}")

    return print_line
