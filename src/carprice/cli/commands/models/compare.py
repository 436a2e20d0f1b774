"""carprice compare."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from carprice.cli.console import count_rows, find_room, print_json
from carprice.cli.options import data_option, json_option, pass_settings
from carprice.errors import BundleError
from carprice.model.bundle.manifest import find_bundle, list_versions
from carprice.settings import Settings

if TYPE_CHECKING:
    from carprice.listings.listings_files import ListingsFiles


@click.command()
@click.argument("challenger", default="")
@click.argument("champion", default="")
@data_option("Compare by these listings of their market; again for more files.")
@json_option("the comparison")
@pass_settings
def compare(
    settings: Settings,
    challenger: str,
    champion: str,
    source: "ListingsFiles | None",
    as_json: bool,
) -> None:
    """Compare CHALLENGER, without one the newest model, with CHAMPION, without one the model that serves.

    By the LISTINGS that neither has learnt from: those later than the last day of both, else those of cars that
    neither bundle names. Without LISTINGS by the test part that both trainings had. Overall and by make, age, fuel
    and price; with the interval that holds the difference with 95 %, how far prices move, and whether a promotion
    would take it.
    """
    from carprice.evaluation.comparison_text import format_comparison
    from carprice.evaluation.promotion_limits import find_reasons
    from carprice.evaluation.unlearnt import compare_bundles

    new, old = find_pair(settings, challenger, champion)
    progress = count_rows(source.find_share_read if source else None)
    found = compare_bundles(new, old, source, settings.trusted_keys, progress)
    reasons = find_reasons(found, settings)
    if as_json:
        print_json("comparison", {**found, "reasons": reasons})
    else:
        click.echo(format_comparison(found, reasons, find_room()))


def find_pair(settings: Settings, challenger: str, champion: str) -> tuple[Path, Path]:
    """The folders of both. Raises BundleError where they are one model, or one is missing."""
    old = find_bundle(settings.artifacts_dir, champion)
    new = find_bundle(settings.artifacts_dir, challenger or list_versions(settings.artifacts_dir)[-1])
    if new == old:
        raise BundleError(
            f"{new.name} would be compared with itself",
            "Choose another: ./carprice models, then ./carprice compare VERSION; or train one: ./carprice train",
        )
    return new, old
