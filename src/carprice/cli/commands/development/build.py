"""carprice build."""

from dataclasses import asdict

import click

from carprice.cli.console import print_json, say
from carprice.cli.options import json_option, pass_settings
from carprice.ops.docker.build import build_image
from carprice.ops.stack_context import make_context
from carprice.settings import Settings


@click.command()
@json_option("the image")
@pass_settings
def build(settings: Settings, as_json: bool) -> None:
    """Build the image. What runs stays as it is: a new image goes live by `rollout`."""
    built = build_image(make_context(settings, say))
    if as_json:
        print_json("build", asdict(built))
    else:
        say("Make it live without losing a request: ./carprice rollout")
