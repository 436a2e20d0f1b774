"""carprice promote."""

from dataclasses import asdict

import click

from carprice.cli.console import print_json, say
from carprice.cli.options import json_option, pass_settings
from carprice.settings import Settings


@click.command()
@click.argument("version")
@click.option("--offline", is_flag=True, help="Promote here now, and in MLflow later: ./carprice models send.")
@json_option("the promotion")
@pass_settings
def promote(settings: Settings, version: str, offline: bool, as_json: bool) -> None:
    """Make VERSION the champion, here and in MLflow, after it has proved that it prices as it did in training."""
    from carprice.tracking.model_list import describe_change
    from carprice.tracking.promotion import promote_version

    for line in describe_change(version, settings):
        say(line)
    promotion = promote_version(version, settings, offline, say)
    if as_json:
        print_json("promotion", asdict(promotion))
    else:
        click.echo(version)
