"""carprice build."""

import os
from dataclasses import asdict

import click

from carprice.cli.console import print_json, say
from carprice.ops.docker.build import build_image
from carprice.ops.stack_context import open_site
from carprice.settings import load_settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the image as JSON.")
def build(as_json: bool) -> None:
    """Build the image. What runs stays as it is: a new image goes live by `rollout`."""
    built = build_image(open_site(load_settings(os.environ).stack_dir, say))
    if as_json:
        print_json("build", asdict(built))
    else:
        say("Make it live without losing a request: ./carprice rollout")
