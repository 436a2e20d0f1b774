"""carprice releases."""

from dataclasses import asdict

import click

from carprice.cli.console import find_room, print_json, say
from carprice.cli.options import json_option, pass_settings
from carprice.ops.rollout.history import describe_releases, list_releases
from carprice.ops.stack_context import make_context
from carprice.settings import Settings


@click.command()
@json_option("the releases")
@pass_settings
def releases(settings: Settings, as_json: bool) -> None:
    """Show the history of releases, the newest last."""
    context = make_context(settings, say)
    entries = list_releases(context.journal)
    if as_json:
        print_json("releases", [asdict(entry) for entry in entries])
    else:
        click.echo(describe_releases(entries, context.live.name, find_room()))
