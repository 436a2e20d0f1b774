"""carprice rollback."""

import os

import click

from carprice.cli.console import say
from carprice.cli.rollout import show_outcome
from carprice.deploy.rollback import roll_back
from carprice.deploy.site import open_site
from carprice.settings import load_settings


@click.command()
@click.argument("release", default="")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def rollback(release: str, as_json: bool) -> None:
    """Go back to an earlier RELEASE; without one, to the one before the live one."""
    site = open_site(load_settings(os.environ).stack_dir, say)
    show_outcome("rollback", roll_back(site, release), as_json)
