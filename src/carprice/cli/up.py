"""carprice up."""

import os
import signal
import sys
import time
from collections.abc import Callable

import click

from carprice.cli.console import say
from carprice.cli.main import EXIT_INTERRUPTED
from carprice.ops.stacks.choose import Stack, choose_stack, stack_options
from carprice.ops.stacks.diagnosis import explained
from carprice.settings import Settings, load_settings

API = "car-price-api"


@click.command()
@click.option("-d", "--detach", is_flag=True, help="Leave it running in the background.")
@click.option("--build", is_flag=True, help="Build the image anew, where one is pinned and nothing is live.")
@stack_options
def up(detach: bool, build: bool, forced: str) -> None:
    """Start the service and MLflow, and wait until both are healthy.

    On Docker where an engine answers, else as processes of this machine. What is live stays live; the first
    start on Docker builds the image, and the first one without Docker trains a model on simulated listings. In
    the foreground it shows the logs, and Ctrl-C stops everything.
    """
    settings = load_settings(os.environ)
    catch_signals()
    stack = choose_stack(settings, forced, say)
    say(stack.describe(settings, say))
    began = time.monotonic()
    with explained(settings, stack.NAME, say):
        follow = stack.start(settings, say, build=build)
    show_addresses(stack, settings, time.monotonic() - began)
    if follow and not detach:
        follow_until_interrupted(stack, settings, follow)


def catch_signals() -> None:
    """A closed terminal or a plain kill ends the stack as Ctrl-C does, also where the shell ignores SIGINT."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


def show_addresses(stack: Stack, settings: Settings, seconds: float) -> None:
    """The URLs, and how long it took."""
    for name, url in stack.list_addresses(settings, say):
        pages = "  (try it: /api/docs)" if name == API else ""
        say(f"  {name:<14} {url}{pages}")
    say(f"Up in {seconds:.1f} s")


def follow_until_interrupted(stack: Stack, settings: Settings, follow: Callable[[], None]) -> None:
    """Show the logs until the stack ends; Ctrl-C ends it."""
    say("Ctrl-C stops everything.")
    try:
        follow()
        say("The stack was taken down.")
    except KeyboardInterrupt:
        say("\nStopping ...")
        stack.interrupt(settings, say)
        say("Stopped.")
        sys.exit(EXIT_INTERRUPTED)
