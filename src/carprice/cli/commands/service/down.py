"""carprice down."""

import time

import click

from carprice.cli.console import say
from carprice.cli.main import EXIT_FAILED
from carprice.cli.options import pass_settings, stack_options
from carprice.ops.stacks.choose import choose_stack
from carprice.settings import Settings

QUESTION = "Remove MLflow's data too, all runs and registered models?"


@click.command()
@click.option("-v", "--volumes", is_flag=True, help="Remove MLflow's data too: all runs and registered models.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@stack_options
@pass_settings
def down(settings: Settings, volumes: bool, yes: bool, forced: str) -> int:
    """Stop the service and MLflow. Models and logs stay, and MLflow's data unless -v is given."""
    stack = choose_stack(settings, forced, say)
    if volumes and not yes and not click.confirm(QUESTION, err=True):
        say("Nothing was done.")
        return EXIT_FAILED
    began = time.monotonic()
    say("Stopping ...")
    if stack.down(volumes=volumes):
        say(f"Down in {time.monotonic() - began:.1f} s")
    else:
        say("Nothing was up.")
    return 0
