"""carprice up."""

import signal
import sys
import time
from contextlib import suppress

import click

from carprice.cli.console import print_lines, say
from carprice.cli.main import EXIT_INTERRUPTED
from carprice.cli.options import pass_settings, stack_options
from carprice.errors import CarPriceError
from carprice.model.bundle.manifest import champion_version, read_manifest
from carprice.names import API, MLFLOW
from carprice.ops.stacks.choose import choose_stack
from carprice.ops.stacks.protocol import Lines, Stack
from carprice.settings import Settings


@click.command()
@click.option("-d", "--detach", is_flag=True, help="Leave it running in the background.")
@click.option("--build", is_flag=True, help="Build the image again, where one is pinned and nothing is live.")
@stack_options
@pass_settings
def up(settings: Settings, detach: bool, build: bool, forced: str) -> None:
    """Start the service and MLflow, and wait until both are healthy.

    On Docker where an engine answers, else as processes of this machine. What is live stays live; the first
    start on Docker builds the image, and the first one without Docker trains a model on simulated listings. In
    the foreground it shows the logs, and Ctrl-C stops everything.
    """
    catch_signals()
    stack = choose_stack(settings, forced, say)
    say(stack.describe())
    began = time.monotonic()
    lines = stack.up(build=build)
    show_addresses(stack, time.monotonic() - began, find_experiment(settings))
    if lines and not detach:
        follow_until_interrupted(stack, lines)


def catch_signals() -> None:
    """A closed terminal or a plain kill ends the stack as Ctrl-C does, also where the shell ignores SIGINT."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


def find_experiment(settings: Settings) -> str:
    """MLflow's id of the experiment with the champion's run; empty where MLflow has none."""
    with suppress(CarPriceError):
        version = champion_version(settings.artifacts_dir)
        run = read_manifest(settings.artifacts_dir / version).get("mlflow") if version else None
        return str(run["experiment_id"]) if isinstance(run, dict) and "experiment_id" in run else ""
    return ""


def show_addresses(stack: Stack, seconds: float, experiment: str = "") -> None:
    """The URLs, and how long it took. experiment: of the runs in MLflow, by its id there."""
    pages = {API: "  (try it: /api/docs)", MLFLOW: f"  (runs: /#/experiments/{experiment})" if experiment else ""}
    for name, url in stack.addresses():
        say(f"  {name:<14} {url}{pages.get(name, '')}")
    say(f"Up in {seconds:.1f} s")


def follow_until_interrupted(stack: Stack, lines: Lines) -> None:
    """Show the logs until the stack ends; Ctrl-C ends it."""
    say("Ctrl-C stops everything.")
    try:
        print_lines(lines, stack.label_width)
        say("The stack was taken down.")
    except KeyboardInterrupt:
        say("\nStopping ...")
        stack.interrupt()
        say("Stopped.")
        sys.exit(EXIT_INTERRUPTED)
