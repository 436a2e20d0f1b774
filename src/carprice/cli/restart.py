"""carprice restart."""

import os

import click

from carprice.cli.console import say
from carprice.ops.stacks.choose import choose_stack, stack_options
from carprice.settings import load_settings


@click.command()
@click.argument("service", nargs=-1)
@stack_options
def restart(service: tuple[str, ...], forced: str) -> None:
    """Restart the service, or one part of it.

    On Docker one container after the other, so that one replica always serves; the edge itself, which a plain
    restart restarts too, is away for a second.
    """
    settings = load_settings(os.environ)
    choose_stack(settings, forced, say).restart(settings, say, list(service))
