"""carprice rollback."""

from pathlib import Path

import click

from carprice.cli.commands.service.rollout import show_outcome
from carprice.cli.console import say
from carprice.cli.options import json_option, overlay_option, pass_settings
from carprice.ops.kubernetes.rollback import roll_back_overlay
from carprice.ops.rollout.rollback import roll_back
from carprice.ops.stack_context import make_context
from carprice.ops.stacks.choose import make_cluster, require_docker
from carprice.settings import Settings


@click.command()
@click.argument("release", default="")
@overlay_option
@json_option("the outcome")
@pass_settings
def rollback(settings: Settings, release: str, overlay: Path | None, as_json: bool) -> None:
    """Go back to an earlier RELEASE; without one, to the one before the live one.

    With --kubernetes it ends a rollout that was broken off, else it takes what was live before.
    """
    if overlay:
        if release:
            raise click.UsageError("With --kubernetes the cluster knows what was live before: leave RELEASE out.")
        show_outcome("rollback", roll_back_overlay(make_cluster(overlay), say), as_json)
        return
    require_docker(settings)
    show_outcome("rollback", roll_back(make_context(settings, say), release), as_json)
