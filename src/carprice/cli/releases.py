"""carprice releases."""

import os
from dataclasses import asdict

import click

from carprice.cli.console import print_json, say
from carprice.ops.rollout.history import describe_releases, list_releases
from carprice.ops.stack_context import open_site
from carprice.settings import load_settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the releases as JSON.")
def releases(as_json: bool) -> None:
    """Show the history of releases, the newest last."""
    site = open_site(load_settings(os.environ).stack_dir, say)
    entries = list_releases(site.journal)
    if as_json:
        print_json("releases", [asdict(entry) for entry in entries])
    else:
        click.echo(describe_releases(entries, site.live.name))
