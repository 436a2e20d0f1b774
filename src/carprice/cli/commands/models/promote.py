"""carprice promote."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from carprice.cli.console import SERVE_HINT, find_room, print_json, say
from carprice.cli.options import data_option, json_option, pass_settings
from carprice.model.bundle.manifest import champion_version
from carprice.settings import Settings

if TYPE_CHECKING:
    from carprice.listings.listings_files import ListingsFiles


@click.command()
@click.argument("version")
@data_option("Compare it with the champion by these listings first; again for more files.")
@click.option("--force", is_flag=True, help="Promote it even if it is worse than the limits; needs --why.")
@click.option("--why", default="", metavar="TEXT", help="What the record of promotions says of the reason.")
@click.option("--offline", is_flag=True, help="Promote here now, and in MLflow later: ./carprice models send.")
@json_option("the promotion")
@pass_settings
def promote(
    settings: Settings,
    version: str,
    source: "ListingsFiles | None",
    force: bool,
    why: str,
    offline: bool,
    as_json: bool,
) -> None:
    """Make VERSION the champion, here and in MLflow, after it has proved that it prices as it did in training.

    One that is worse than the champion by more than the limits (CARPRICE_PROMOTE_... below) is refused: by the
    LISTINGS that neither has learnt from, else by the test part that both trainings had, where there is one.
    """
    from carprice.tracking.approval import approve_promotion
    from carprice.tracking.model_list import describe_change
    from carprice.tracking.promotion import promote_version

    if force and not why.strip():
        raise click.UsageError("--force needs --why TEXT: the record of promotions keeps it.")
    was_champion = champion_version(settings.artifacts_dir) == version
    for line in describe_change(version, settings, find_room(2)):
        say(line)
    approval = approve_promotion(version, settings, source, why, force, say)
    promotion = promote_version(version, settings, offline, say, approval)
    already = f"{version} was the champion already; whether it serves: ./carprice status"
    say(already if was_champion else SERVE_HINT)
    if as_json:
        print_json("promotion", asdict(promotion))
    else:
        click.echo(version)
