"""carprice rollback."""

import click

from carprice.cli.commands.service.rollout import show_outcome
from carprice.cli.console import say
from carprice.cli.options import json_option, pass_settings
from carprice.ops.rollout.rollback import roll_back
from carprice.ops.stack_context import make_context
from carprice.ops.stacks.choose import require_docker
from carprice.settings import Settings


@click.command()
@click.argument("release", default="")
@json_option("the outcome")
@pass_settings
def rollback(settings: Settings, release: str, as_json: bool) -> None:
    """Go back to an earlier RELEASE; without one, to the one before the live one."""
    require_docker(settings)
    show_outcome("rollback", roll_back(make_context(settings, say), release), as_json)
