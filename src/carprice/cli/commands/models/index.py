"""carprice index."""

import math
import sys

import click

from carprice.cli.console import print_json
from carprice.cli.options import json_option, pass_settings
from carprice.feedback.opening import open_store
from carprice.settings import Settings

KEPT_CODE = 3


@click.command()
@click.option("--dry-run", is_flag=True, help="Say how far it would move, and change nothing.")
@click.option("--reset", is_flag=True, help="Put prices back to the level of the training.")
@json_option("what came of it")
@pass_settings
def index(settings: Settings, dry_run: bool, reset: bool, as_json: bool) -> None:
    """Move all prices of the served model by what cars were sold or listed for since its training.

    By at most CARPRICE_INDEX_BOUND, which is 0, for not at all, until it is set. Run it every day; a new training
    begins at 0 again. The service follows within seconds. Exit code 0: done. 3: the level stays, with the reason.
    """
    from carprice.refresh.level import LevelMove, move_level, reset_level

    def describe(found: LevelMove) -> str:
        before, after = (f"{math.expm1(level):+.2%}" for level in (found.before, found.level))
        if found.reason:
            return f"Prices of {found.version} stay at {before}: {found.reason}"
        verb = "would move" if dry_run else "moved"
        return f"Prices of {found.version} {verb} from {before} to {after}, by {found.rows:,} that came back"

    if reset:
        found = reset_level(settings)
    else:
        store = open_store(settings)
        found = move_level(settings, store.list_entries(), dry_run)
    if as_json:
        print_json("index", found._asdict())
    else:
        click.echo(describe(found))
    if found.reason:
        sys.exit(KEPT_CODE)
