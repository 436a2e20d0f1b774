"""carprice restart."""

import click

from carprice.cli.console import say
from carprice.cli.options import pass_settings, stack_options
from carprice.ops.stacks.choose import choose_stack
from carprice.settings import Settings


@click.command()
@click.argument("service", nargs=-1)
@stack_options
@pass_settings
def restart(settings: Settings, service: tuple[str, ...], forced: str) -> None:
    """Restart the service, or one part of it.

    On Docker one container after the other, so that one replica always serves; the edge itself, which a plain
    restart restarts too, is away for a second. Without containers the socket of the API stays open: requests wait
    a second or two for the new process, with new code too, and none is lost.
    """
    choose_stack(settings, forced, say).restart(service)
