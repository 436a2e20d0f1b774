"""carprice score."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from carprice.cli.console import count_rows, say
from carprice.cli.options import force_option, listings_argument, model_option, pass_settings
from carprice.listings.listings_files import ListingsFiles
from carprice.model.bundle.manifest import find_bundle
from carprice.model.evidence.comparables import NOT_KEPT, load_finder
from carprice.model.pricer import load_pricer
from carprice.scoring.score_file import check_suffix, is_parquet, score_file, write_scores
from carprice.scoring.summary import ScoreSummary, neutralise
from carprice.settings import Settings
from carprice.system.files import open_output


@click.command()
@listings_argument
@model_option
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    callback=lambda _, __, output: check_suffix(output),
    help="The .csv or .parquet file to write, instead of stdout.",
)
@force_option
@click.option("--asking", metavar="COLUMN", help="The column of the asking prices: say where each of them lies.")
@click.option(
    "--comparables", is_flag=True, help="With --asking: its rank among comparable cars; some milliseconds a row."
)
@click.option("--safe", is_flag=True, help="Put a ' before texts that a spreadsheet would run as formulas.")
@pass_settings
def score(
    settings: Settings,
    listings: ListingsFiles,
    version: str | None,
    output: Path | None,
    force: bool,
    asking: str | None,
    comparables: bool,
    safe: bool,
) -> None:
    """Price every car of the LISTINGS file; each row comes back with its prices, or with what is wrong.

    The columns added are predicted_price, predicted_low and predicted_high in whole units of the currency, problem
    (why a row has no price), confidence (high, medium or low) and warnings, such as unknown_category:make. A
    column of an optional field may be left out of the file. Where the file has prices of its own, it ends with how
    near they are.

    --asking adds asking_position (the per cent of prices of such cars that are lower), asking_word (great, good,
    fair, high or very high) and asking_percent_to_market, empty where a row has no price or no asking price. With
    --comparables, asking_rank is 1 where it is the cheapest of itself and the asking_comparables cars most like
    it, whose prices are adjusted to it.
    """
    settings = replace(settings, model_version=version or settings.model_version)
    if comparables and not asking:
        raise click.UsageError("--comparables ranks asking prices: name their column with --asking COLUMN.")
    folder = find_bundle(settings.artifacts_dir, settings.model_version)
    pricer = load_pricer(folder, settings.trusted_keys)
    finder = load_finder(folder, pricer) if comparables else None
    if comparables and not finder:
        _say_note(f"{NOT_KEPT}, so no asking price has a rank")
    for warning in pricer.warn_of_age(date.today(), settings.max_model_days):
        _say_note(warning.detail)
    summary = ScoreSummary(pricer.market)
    with open_output(output, force) as stream:
        scored = score_file(listings, pricer, count_rows(), _say_note, asking, finder)
        batches = summary.count(scored)
        write_scores(map(neutralise, batches) if safe else batches, stream, as_parquet=is_parquet(output))
    if not summary.is_complete:  # whoever read stdout went away
        return
    say(f"{summary.describe()}, with model {pricer.version}{f', in {output}' if output else ''}")
    if errors := summary.describe_errors():
        say(errors)
    if summary.formulas and not safe:
        _say_note(f"{summary.formulas:,} texts start as formulas do; --safe keeps a spreadsheet from running them")


def _say_note(text: str) -> None:
    say(f"Note: {text}")
