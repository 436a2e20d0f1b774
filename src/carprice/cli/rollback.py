"""carprice rollback."""

import os
from dataclasses import asdict

import click

from carprice.cli.console import print_json, say
from carprice.deploy.rollback import roll_back
from carprice.deploy.site import open_site
from carprice.settings import load_settings


@click.command()
@click.argument("release", default="")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def rollback(release: str, as_json: bool) -> None:
    """Go back to an earlier RELEASE; without one, to the one before the live one."""
    outcome = roll_back(open_site(load_settings(os.environ).stack_dir, say), release)
    if as_json:
        print_json("rollback", asdict(outcome))
    elif outcome.changed:
        click.echo(f"{outcome.release} is live: {outcome.proof}")
    else:
        click.echo(f"{outcome.release} is live already; nothing to do")
