"""carprice down."""

import os
import time

import click

from carprice.cli.console import say
from carprice.local.stack import stop_stack
from carprice.settings import load_settings


@click.command()
def down() -> None:
    """Stop the service and MLflow."""
    began = time.monotonic()
    say("Stopping ...")
    if stop_stack(load_settings(os.environ), say):
        say(f"Down in {time.monotonic() - began:.1f} s")
    else:
        say("Nothing was up.")
