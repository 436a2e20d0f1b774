"""carprice feedback."""

from dataclasses import asdict
from pathlib import Path

import click
import msgspec

from carprice.cli.console import print_json, say
from carprice.cli.options import force_option, json_option, output_option, pass_settings
from carprice.errors import FeedbackError
from carprice.feedback.importing import Import, import_feedback
from carprice.feedback.opening import Store, open_store
from carprice.feedback.samples import Samples
from carprice.model.bundle.manifest import find_bundle
from carprice.model.pricer import load_pricer
from carprice.settings import Settings
from carprice.system.files import open_output

MAX_SHOWN = 5
"""Refused rows that are named."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--export", is_flag=True, help="Print all feedback as JSON lines, which FILE takes again.")
@click.option("--erase", "erased", metavar="ID", help="Erase the feedback of that id, or of that request id.")
@output_option
@force_option
@json_option("what was kept")
@pass_settings
def feedback(
    settings: Settings,
    file: Path | None,
    export: bool,
    erased: str | None,
    output: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Keep what cars were sold or listed for: the rows of FILE, or of standard input for -.

    FILE has JSON lines, a JSON list, or CSV with the columns price (in the market's currency), kind (sold or
    listed), day, and request_id or the fields of a listing. What is kept already is kept once. Rows that are wrong
    are named, the others are kept, and the exit code is 1.
    """
    if sum((file is not None, export, erased is not None)) != 1:
        raise click.UsageError("Give a FILE, or --export, or --erase ID.")
    store = open_store(settings)
    if erased is not None:
        say(f"Erased {store.erase(erased)} entries of {erased}")
    elif file is None:
        export_feedback(store, output, force)
    else:
        pricer = load_pricer(find_bundle(settings.artifacts_dir, settings.model_version), settings.trusted_keys)
        done = import_feedback(file, pricer, Samples(settings.logs_dir), store)
        if as_json:
            print_json("feedback", asdict(done))
        say_import(done, file)


def export_feedback(store: Store, output: Path | None, force: bool) -> None:
    """Write everything as JSON lines. Raises FileError where the output exists and force is not given."""
    with open_output(output, force) as stream:
        for entry in store.list_entries():
            stream.write(msgspec.json.encode(entry) + b"\n")


def say_import(done: Import, file: Path) -> None:
    """Say what became of a file. Raises FeedbackError where rows of it were refused."""
    say(f"Kept {done.new:,} new prices; {done.known:,} were kept already")
    if done.unanswered:
        say(f"Note: of {done.unanswered:,} no model price is known: their requests are not in the sample")
    if done.refused:
        rows = [f"row {number}: {why}" for number, why in list(done.refused.items())[:MAX_SHOWN]]
        more = len(done.refused) - len(rows)
        raise FeedbackError(
            f"{file}: {len(done.refused):,} rows were refused: "
            + "; ".join(rows + ([f"and {more:,} more"] if more else [])),
            f"Correct them, then run it again: ./carprice feedback {file}",
        )
