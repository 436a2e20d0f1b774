"""carprice down."""

import os
import time

import click

from carprice.cli.console import say
from carprice.cli.main import EXIT_FAILED
from carprice.ops.stacks.choose import choose_stack, stack_options
from carprice.settings import load_settings

QUESTION = "Remove MLflow's data too, all runs and registered models?"


@click.command()
@click.option("-v", "--volumes", is_flag=True, help="Remove MLflow's data too: all runs and registered models.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@stack_options
def down(volumes: bool, yes: bool, forced: str) -> int:
    """Stop the service and MLflow. Models, logs and MLflow's data stay, but see -v."""
    settings = load_settings(os.environ)
    stack = choose_stack(settings, forced, say)
    if volumes and not yes and not click.confirm(QUESTION, err=True):
        say("Nothing was done.")
        return EXIT_FAILED
    began = time.monotonic()
    say("Stopping ...")
    if stack.stop(settings, say, volumes=volumes):
        say(f"Down in {time.monotonic() - began:.1f} s")
    else:
        say("Nothing was up.")
    return 0
