"""carprice rollout."""

from dataclasses import asdict
from pathlib import Path

import click

from carprice.cli.console import print_json, say
from carprice.cli.options import json_option, overlay_option, pass_settings
from carprice.ops.kubernetes.cluster import Cluster
from carprice.ops.kubernetes.rollout import ClusterOutcome, roll_out_overlay, show_difference
from carprice.ops.rollout.dry_run import describe_plan
from carprice.ops.rollout.rollout import Outcome, Wanted, roll_out
from carprice.ops.stack_context import make_context
from carprice.ops.stacks.choose import make_cluster, require_docker
from carprice.settings import Settings


@click.command()
@click.option("--image", default="", metavar="TAG", help="The image; without it, car-price-prediction:latest.")
@click.option("--model", default="", metavar="VERSION", help="The model version; without it, the champion.")
@click.option("--build", is_flag=True, help="Build the image first, and take that.")
@click.option("--accept-price-shift", is_flag=True, help="Let prices move beyond the limits of rollout.toml.")
@click.option("--dry-run", is_flag=True, help="Check everything and show the plan, but change nothing.")
@overlay_option
@json_option("the outcome")
@pass_settings
def rollout(
    settings: Settings,
    image: str,
    model: str,
    build: bool,
    accept_price_shift: bool,
    dry_run: bool,
    overlay: Path | None,
    as_json: bool,
) -> None:
    """Make a new release live without losing a request."""
    if overlay:
        if image or model or build or accept_price_shift:
            raise click.UsageError("With --kubernetes the overlay says what goes live: change it there.")
        roll_out_on_cluster(make_cluster(overlay), dry_run, as_json)
        return
    require_docker(settings)
    context = make_context(settings, say)
    if build and image:
        raise click.UsageError("--build and --image exclude each other.")
    wanted = Wanted(image, model, accept_price_shift, build=build)
    if dry_run:
        click.echo(describe_plan(context, wanted))
    else:
        show_outcome("rollout", roll_out(context, wanted), as_json)


def show_outcome(kind: str, outcome: Outcome | ClusterOutcome, as_json: bool) -> None:
    """What a rollout or rollback came to, for people or machines."""
    if as_json:
        print_json(kind, asdict(outcome))
    elif not outcome.changed:
        click.echo(f"{outcome.release} is live already; nothing to do")
    elif isinstance(outcome, ClusterOutcome):
        click.echo("\n  ".join([f"{outcome.release} is live:", *outcome.what]))
    else:
        click.echo(f"{outcome.release} is live: {outcome.proof}")


def roll_out_on_cluster(cluster: Cluster, dry_run: bool, as_json: bool) -> None:
    """Make an overlay live, or show what that would change."""
    if dry_run:
        click.echo(show_difference(cluster).rstrip() or "Nothing would change")
    else:
        show_outcome("rollout", roll_out_overlay(cluster, say), as_json)
