"""carprice rollback."""

import os

import click

from carprice.cli.console import say
from carprice.cli.rollout import followed, show_outcome
from carprice.ops.rollout.rollback import roll_back
from carprice.ops.stack_context import open_site
from carprice.settings import load_settings


@click.command()
@click.argument("release", default="")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def rollback(release: str, as_json: bool) -> None:
    """Go back to an earlier RELEASE; without one, to the one before the live one."""
    settings = load_settings(os.environ)
    site = open_site(settings.stack_dir, say)
    with followed(site, settings):
        outcome = roll_back(site, release)
    show_outcome("rollback", outcome, as_json)
