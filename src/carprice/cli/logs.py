"""carprice logs."""

import os

import click

from carprice.cli.console import say
from carprice.ops.stacks.choose import choose_stack, stack_options
from carprice.settings import load_settings

LINES = 100


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines until Ctrl-C.")
@click.option(
    "-n", "--lines", default=LINES, show_default=True, type=click.IntRange(0), help="Last lines of each."
)
@click.argument("service", nargs=-1)
@stack_options
def logs(follow: bool, lines: int, service: tuple[str, ...], forced: str) -> None:
    """Show the logs of the services, or of those named."""
    settings = load_settings(os.environ)
    stack = choose_stack(settings, forced, say)
    stack.show_logs(settings, say, list(service), lines, follow=follow)
