"""carprice models."""

import os
from dataclasses import asdict

import click

from carprice.cli.console import print_json, say
from carprice.errors import TrackingError
from carprice.settings import load_settings


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """List the models, oldest first, with their errors on listings they had not seen."""
    from carprice.tracking.model_list import format_models, list_models

    if context.invoked_subcommand:
        return
    found = list_models(load_settings(os.environ))
    if as_json:
        print_json("models", [asdict(model) for model in found])
    else:
        click.echo(format_models(found))


@models.command()
@click.option("--json", "as_json", is_flag=True, help="Print what was sent as JSON.")
def send(as_json: bool) -> None:
    """Send MLflow the trainings and promotions that it missed while it was down."""
    from carprice.tracking.promotion import send_waiting
    from carprice.tracking.upload import list_unsent

    settings = load_settings(os.environ)
    sent = send_waiting(settings, say)
    left = list_unsent(settings)
    if as_json:
        print_json("sent", [asdict(item) for item in sent])
    elif not sent and not left:
        say("MLflow has every training")
    if left:
        raise TrackingError(f"MLflow does not have {', '.join(left)}", "The warnings above say what mends it.")
