"""carprice score."""

import os
from pathlib import Path

import click

from carprice.cli.console import say
from carprice.model.manifest import find_bundle
from carprice.model.pricer import load_pricer
from carprice.scoring.score_file import score_file, write_scores
from carprice.settings import load_settings
from carprice.system.files import open_output


@click.command()
@click.argument("listings", type=click.Path(path_type=Path))
@click.option("--model", "version", metavar="VERSION", help="Ask this model instead of the champion.")
@click.option(
    "--output", type=click.Path(path_type=Path), help="The .csv or .parquet file to write, instead of stdout."
)
@click.option("--force", is_flag=True, help="Overwrite the output file.")
def score(listings: Path, version: str | None, output: Path | None, force: bool) -> None:
    """Price every car of the LISTINGS file; each row comes back with its prices, or with what is wrong."""
    settings = load_settings(os.environ, model_version=version)
    pricer = load_pricer(find_bundle(settings.artifacts_dir, settings.model_version))
    with open_output(output, force) as stream:
        batches = score_file(listings, pricer, lambda rows: say(f"Read {rows:,} rows ..."))
        rows = write_scores(batches, stream, as_parquet=output is not None and output.suffix == ".parquet")
    say(f"Priced {rows:,} rows with model {pricer.version}{f', in {output}' if output else ''}")
