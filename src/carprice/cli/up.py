"""carprice up."""

import os
import signal
import sys
import time

import click

from carprice.cli.console import say
from carprice.cli.logs import show_new_logs
from carprice.cli.main import EXIT_INTERRUPTED
from carprice.local.logs import measure_logs
from carprice.local.services import API, build_services
from carprice.local.stack import start_stack, stop_stack
from carprice.settings import Settings, load_settings


@click.command()
@click.option("-d", "--detach", is_flag=True, help="Leave it running in the background.")
def up(detach: bool) -> None:
    """Start the service and MLflow, and wait until both are healthy.

    Without a model it first trains one on simulated listings. In the foreground it shows the logs,
    and Ctrl-C stops everything.
    """
    settings = load_settings(os.environ)
    catch_signals()
    services = build_services(settings)
    sizes = measure_logs(services)
    began = time.monotonic()
    is_ours = start_stack(settings, say)
    show_addresses(settings, time.monotonic() - began)
    if is_ours and not detach:
        follow_until_interrupted(settings, sizes)


def catch_signals() -> None:
    """A closed terminal or a plain kill ends the stack as Ctrl-C does, also where the shell ignores SIGINT."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


def show_addresses(settings: Settings, seconds: float) -> None:
    """The URLs, and how long it took."""
    for service in reversed(build_services(settings)):
        pages = "  (try it: /api/docs)" if service.name == API else ""
        say(f"  {service.name:<14} {service.url}{pages}")
    say(f"Up in {seconds:.1f} s")


def follow_until_interrupted(settings: Settings, sizes: dict[str, int]) -> None:
    """Show the logs until the stack ends; Ctrl-C ends it."""
    say("Ctrl-C stops everything.")
    try:
        show_new_logs(settings, build_services(settings), sizes)
        say("The stack was taken down.")
    except KeyboardInterrupt:
        say("\nStopping ...")
        stop_stack(settings, say)
        say("Stopped.")
        sys.exit(EXIT_INTERRUPTED)
