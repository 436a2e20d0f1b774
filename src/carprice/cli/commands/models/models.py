"""carprice models."""

from dataclasses import asdict

import click

from carprice.cli.console import print_json, say
from carprice.cli.options import json_option, pass_settings
from carprice.errors import TrackingError
from carprice.settings import Settings


@click.group(invoke_without_command=True)
@json_option("the list")
@click.pass_context
@pass_settings
def models(settings: Settings, context: click.Context, as_json: bool) -> None:
    """List the models, oldest first, with their errors on listings they had not seen."""
    from carprice.tracking.model_list import format_models, list_models

    if context.invoked_subcommand:
        return
    found = list_models(settings)
    if as_json:
        print_json("models", [asdict(model) for model in found])
    else:
        click.echo(format_models(found))


@models.command()
@json_option("what was sent")
@pass_settings
def send(settings: Settings, as_json: bool) -> None:
    """Send MLflow the trainings and promotions that it missed while it was down."""
    from carprice.tracking.promotion import send_waiting
    from carprice.tracking.upload import list_unsent

    sent = send_waiting(settings, say)
    left = list_unsent(settings)
    if as_json:
        print_json("sent", [asdict(item) for item in sent])
    elif not sent and not left:
        say("MLflow has every training")
    if left:
        raise TrackingError(f"MLflow does not have {', '.join(left)}", "The warnings above say what to do.")
