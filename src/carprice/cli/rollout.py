"""carprice rollout."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace

import click

from carprice.cli.console import print_json, say
from carprice.model.manifest import champion_version
from carprice.ops.rollout.dry_run import describe_plan
from carprice.ops.rollout.rollout import Outcome, Wanted, roll_out
from carprice.ops.stack_context import Site, open_site
from carprice.ops.stacks.diagnosis import explained
from carprice.settings import Settings, load_settings


@click.command()
@click.option("--image", default="", metavar="TAG", help="The image; without it, car-price-prediction:latest.")
@click.option("--model", default="", metavar="VERSION", help="The model version; without it, the champion.")
@click.option("--build", is_flag=True, help="Build the image first, and take that.")
@click.option("--accept-price-shift", is_flag=True, help="Let prices move beyond the limits of rollout.toml.")
@click.option("--dry-run", is_flag=True, help="Check everything and show the plan, but change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def rollout(image: str, model: str, build: bool, accept_price_shift: bool, dry_run: bool, as_json: bool) -> None:
    """Make a new release live without losing a request."""
    settings = load_settings(os.environ)
    site = open_site(settings.stack_dir, say)
    if build and image:
        raise click.UsageError("--build and --image exclude each other.")
    wanted = Wanted(image, model, accept_price_shift, build=build)
    if dry_run:
        click.echo(describe_plan(site, wanted))
    else:
        with explained(settings, "docker", say), followed(site, settings):
            outcome = roll_out(site, wanted)
        show_outcome("rollout", outcome, as_json)


@contextmanager
def followed(site: Site, settings: Settings) -> Iterator[None]:
    """Tell MLflow of the champion where the block made it another."""
    before = champion_version(site.artifacts_dir)
    try:
        yield
    finally:
        champion = champion_version(site.artifacts_dir)
        if champion and champion != before:
            from carprice.tracking.promotion import follow_rollout  # MLflow takes seconds to import

            follow_rollout(champion, before, replace(settings, artifacts_dir=site.artifacts_dir), say)


def show_outcome(kind: str, outcome: Outcome, as_json: bool) -> None:
    """What a rollout or rollback came to, for people or machines."""
    if as_json:
        print_json(kind, asdict(outcome))
    elif outcome.changed:
        click.echo(f"{outcome.release} is live: {outcome.proof}")
    else:
        click.echo(f"{outcome.release} is live already; nothing to do")
