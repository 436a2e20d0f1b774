"""carprice rollout."""

from dataclasses import asdict

import click

from carprice.cli.console import print_json, say
from carprice.cli.options import json_option, pass_settings
from carprice.ops.rollout.dry_run import describe_plan
from carprice.ops.rollout.rollout import Outcome, Wanted, roll_out
from carprice.ops.stack_context import make_context
from carprice.ops.stacks.choose import require_docker
from carprice.settings import Settings


@click.command()
@click.option("--image", default="", metavar="TAG", help="The image; without it, car-price-prediction:latest.")
@click.option("--model", default="", metavar="VERSION", help="The model version; without it, the champion.")
@click.option("--build", is_flag=True, help="Build the image first, and take that.")
@click.option("--accept-price-shift", is_flag=True, help="Let prices move beyond the limits of rollout.toml.")
@click.option("--dry-run", is_flag=True, help="Check everything and show the plan, but change nothing.")
@json_option("the outcome")
@pass_settings
def rollout(
    settings: Settings,
    image: str,
    model: str,
    build: bool,
    accept_price_shift: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make a new release live without losing a request."""
    require_docker(settings)
    context = make_context(settings, say)
    if build and image:
        raise click.UsageError("--build and --image exclude each other.")
    wanted = Wanted(image, model, accept_price_shift, build=build)
    if dry_run:
        click.echo(describe_plan(context, wanted))
    else:
        show_outcome("rollout", roll_out(context, wanted), as_json)


def show_outcome(kind: str, outcome: Outcome, as_json: bool) -> None:
    """What a rollout or rollback came to, for people or machines."""
    if as_json:
        print_json(kind, asdict(outcome))
    elif outcome.changed:
        click.echo(f"{outcome.release} is live: {outcome.proof}")
    else:
        click.echo(f"{outcome.release} is live already; nothing to do")
