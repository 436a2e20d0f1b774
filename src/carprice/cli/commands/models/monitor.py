"""carprice monitor."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from carprice.cli.console import count_rows, print_json, print_text, say
from carprice.cli.monitor_text import format_monitor, render_monitor
from carprice.cli.options import data_option, force_option, json_option, pass_settings
from carprice.feedback.opening import open_store
from carprice.model.bundle.manifest import find_bundle
from carprice.model.pricer import Pricer, load_pricer
from carprice.monitor.inputs import judge_inputs
from carprice.monitor.lines import ACT, NOT_KNOWN, Line
from carprice.monitor.monitor import Monitor, build_monitor
from carprice.settings import Settings
from carprice.system.files import open_output

if TYPE_CHECKING:
    from carprice.listings.listings_files import ListingsFiles

EXIT_CODES = {ACT: 3, NOT_KNOWN: 4}
"""Of states that are neither ok nor watch, which have 0."""
WATCH_SECONDS = 60.0


@click.command()
@data_option("Measure the drift of these listings of its market too; again for more files.")
@click.option("-w", "--watch", is_flag=True, help="Show it again every minute.")
@click.option("--html", "page", type=click.Path(path_type=Path), metavar="FILE", help="Write one page too.")
@force_option
@json_option("every line")
@pass_settings
def monitor(
    settings: Settings, source: "ListingsFiles | None", watch: bool, page: Path | None, force: bool, as_json: bool
) -> None:
    """Show how the prices of the served model do, and what to do about it.

    By the feedback that came back, the sample of requests, and LISTINGS where they are given: errors overall and
    by segment, drift of inputs, unknown values, low confidence, refusals, the model's age. Each line is ok, watch,
    act, or not known with the reason. Exit code 0: every line is ok or watch. 3: a line says act. 4: none does,
    but one outside segments is not known. 1: it failed.
    """
    pricer = load_pricer(find_bundle(settings.artifacts_dir, settings.model_version), settings.trusted_keys)
    more = judge_listings(source, pricer, settings) if source else []
    store = open_store(settings)

    def measure() -> Monitor:
        return build_monitor(pricer, store.list_entries, settings, more=more)

    if watch:
        watch_monitor(measure)
    found = measure()
    if page:
        with open_output(page, force) as stream:
            stream.write(render_monitor(found).encode())
        say(f"Wrote {page}")
    if as_json:
        print_json("monitor", msgspec.to_builtins(found))
    else:
        print_text(format_monitor(found))
    sys.exit(EXIT_CODES.get(found.state, 0))


def judge_listings(source: "ListingsFiles", pricer: Pricer, settings: Settings) -> list[Line]:
    """The lines of a listings file."""
    from carprice.evaluation.arrived import arrive_listings

    return judge_inputs(arrive_listings(source, pricer, count_rows(source.find_share_read)), pricer, settings)


def watch_monitor(measure: Callable[[], Monitor]) -> None:
    """Show it again and again until Ctrl-C, on a terminal in place."""
    while True:
        shown = format_monitor(measure())
        if os.isatty(1):
            click.clear()
        print_text(shown)
        time.sleep(WATCH_SECONDS)
