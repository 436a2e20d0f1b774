"""carprice score."""

from datetime import date
from pathlib import Path

import click

from carprice.cli.console import count_rows, say, show_parts
from carprice.cli.options import engine_options, force_option, listings_argument, model_option, pass_settings
from carprice.engine.start import LOCAL, open_engine
from carprice.evaluation.learnt import describe_learnt
from carprice.frames.parts import MIN_PARTS_BYTES
from carprice.listings.listings_files import ListingsFiles
from carprice.model.bundle.manifest import find_bundle
from carprice.model.evidence.comparables import NOT_KEPT, ComparableFinder, load_finder
from carprice.model.pricer import Pricer, load_pricer
from carprice.scoring.parts import Scoring, score_parts
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
@engine_options
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
    address: str | None,
    workers: int | None,
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

    Files of over 64 MB are priced in parts for an --output FILE: by a process for each core, or by a Dask cluster
    with --engine. The parts are in FILE.work until it is there: after a kill, the same command goes on.
    """
    _check_options(comparables and not asking, bool(address or workers) and not (output and listings.size))
    folder = find_bundle(settings.artifacts_dir, version or settings.model_version)
    pricer = load_pricer(folder, settings.trusted_keys)
    finder = load_finder(folder, pricer) if comparables else None
    _say_what_lacks(pricer, settings.max_model_days, comparables and not finder)
    scoring = Scoring(settings.trusted_keys, asking, finder is not None, safe, is_parquet(output))
    if output and (address or workers or listings.size >= MIN_PARTS_BYTES):
        with open_engine(address or LOCAL, workers or 0, show_parts()) as engine:
            summary = score_parts(listings, folder, pricer, scoring, engine, output, force, _say_note)
    else:
        summary = _score_at_once(listings, pricer, finder, scoring, output, force)
    if summary.is_complete:  # else whoever read stdout went away
        _say_findings(summary, listings, pricer, folder, output, safe)


def _say_what_lacks(pricer: Pricer, max_days: int, lacks_comparables: bool) -> None:
    if lacks_comparables:
        _say_note(f"{NOT_KEPT}, so no asking price has a rank")
    for warning in pricer.warn_of_age(date.today(), max_days):
        _say_note(warning.detail)


def _say_findings(
    summary: ScoreSummary, listings: ListingsFiles, pricer: Pricer, folder: Path, output: Path | None, safe: bool
) -> None:
    say(f"{summary.describe()}, with model {pricer.version}{f', in {output}' if output else ''}")
    if errors := summary.describe_errors():
        say(errors)
    if summary.formulas and not safe:
        _say_note(f"{summary.formulas:,} texts start as formulas do; --safe keeps a spreadsheet from running them")
    is_a_file = listings.size > 0  # what came on stdin cannot be read again
    if errors and is_a_file and (learnt := describe_learnt(listings, pricer, folder)):
        _say_note(learnt)


def _check_options(lacks_asking: bool, lacks_files: bool) -> None:
    if lacks_asking:
        raise click.UsageError("--comparables ranks asking prices: name their column with --asking COLUMN.")
    if lacks_files:
        raise click.UsageError("--engine and --workers price LISTINGS in parts: name files, and --output FILE.")


def _score_at_once(
    listings: ListingsFiles,
    pricer: Pricer,
    finder: ComparableFinder | None,
    scoring: Scoring,
    output: Path | None,
    force: bool,
) -> ScoreSummary:
    """Price row after row in this process, so that the first are there at once."""
    summary = ScoreSummary(pricer.market)
    with open_output(output, force) as stream:
        batches = summary.count(
            score_file(listings, pricer, count_rows(listings.find_share_read), _say_note, scoring.asking, finder),
        )
        write_scores(map(neutralise, batches) if scoring.safe else batches, stream, scoring.as_parquet)
    return summary


def _say_note(text: str) -> None:
    say(f"Note: {text}")
