"""carprice logs."""

import click

from carprice.cli.console import print_lines, say
from carprice.cli.options import pass_settings, stack_options
from carprice.ops.stacks.choose import choose_stack
from carprice.settings import Settings

LINES = 100


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines until Ctrl-C.")
@click.option(
    "-n", "--lines", default=LINES, show_default=True, type=click.IntRange(0), help="Last lines of each."
)
@click.argument("service", nargs=-1)
@stack_options
@pass_settings
def logs(settings: Settings, follow: bool, lines: int, service: tuple[str, ...], forced: str) -> None:
    """Show the logs of the services, or of those named."""
    stack = choose_stack(settings, forced, say)
    print_lines(stack.logs(service, lines, follow=follow), stack.label_width)
