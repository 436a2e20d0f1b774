"""carprice restart."""

import os

import click

from carprice.cli.console import say
from carprice.local.stack import restart_services
from carprice.settings import load_settings


@click.command()
@click.argument("service", nargs=-1)
def restart(service: tuple[str, ...]) -> None:
    """Restart the service, or one part of it."""
    restart_services(load_settings(os.environ), list(service), say)
