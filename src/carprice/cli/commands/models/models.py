"""carprice models."""

from dataclasses import asdict

import click

from carprice.cli.console import find_room, print_json, print_text, say
from carprice.cli.options import json_option, pass_settings
from carprice.errors import TrackingError
from carprice.model.bundle.manifest import list_versions
from carprice.names import MIB
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
        print_text(format_models(found, find_room()))


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


@models.command()
@click.argument("versions", nargs=-1, metavar="[VERSION]...")
@click.option("--keep", type=click.IntRange(min=1), help="Remove all but so many of the newest.")
@click.option("--mlflow", "in_mlflow", is_flag=True, help="Remove their runs and versions in MLflow too.")
@json_option("what was removed")
@pass_settings
def remove(
    settings: Settings, versions: tuple[str, ...], keep: int | None, in_mlflow: bool, as_json: bool
) -> None:
    """Remove models that nothing needs: never the champion, one that serves, or one that a rollback may need.

    MLflow keeps what it has of them, unless --mlflow is given.
    """
    from carprice.ops.models_in_use import find_models_in_use
    from carprice.tracking.removal import list_old, remove_models

    if bool(versions) == bool(keep):
        raise click.UsageError("Name the versions to remove, or how many of the newest stay: --keep N.")
    needed = find_models_in_use(settings)
    chosen = list_old(settings, keep, needed) if keep else list(dict.fromkeys(versions))
    removed = remove_models(chosen, settings, needed, in_mlflow)
    if as_json:
        print_json("removed", [asdict(item) for item in removed])
    else:
        for item in removed:
            say(f"Removed {item.version}, {item.bytes / MIB:.1f} MB")
        say(f"{len(removed)} removed, {len(list_versions(settings.artifacts_dir))} left")
