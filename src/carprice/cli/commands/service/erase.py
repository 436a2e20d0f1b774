"""carprice erase."""

import click

from carprice.cli.console import print_json, say
from carprice.cli.options import json_option, pass_settings
from carprice.feedback.erasure import erase_older, erase_request
from carprice.settings import Settings


@click.command()
@click.argument("request_id", required=False)
@click.option(
    "--older-than", "days", type=click.IntRange(min=0), help="What is older than so many days; 0 is all."
)
@click.option("--feedback", is_flag=True, help="With --older-than: feedback too, by the day it was received.")
@json_option("how much it was")
@pass_settings
def erase(settings: Settings, request_id: str | None, days: int | None, feedback: bool, as_json: bool) -> None:
    """Erase what is kept of the request REQUEST_ID: from the sample, the log, and the feedback.

    Or, with --older-than, from the sample and the log whatever is older. The service goes on meanwhile.
    """
    if (request_id is None) == (days is None):
        raise click.UsageError("Give a REQUEST_ID, or --older-than DAYS.")
    if days is not None:
        done = erase_older(settings, days, feedback)
    elif feedback:
        raise click.UsageError(
            "--feedback goes with --older-than; of a REQUEST_ID feedback is erased in any case."
        )
    else:
        done = erase_request(settings, str(request_id))
    if as_json:
        print_json("erased", done._asdict())
    say(f"Erased {done.sample:,} requests of the sample, {done.log:,} log lines, {done.feedback:,} of feedback")
