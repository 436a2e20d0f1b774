"""carprice tls."""

from datetime import UTC, datetime
from typing import Any

import click

from carprice.cli.console import print_json, say
from carprice.cli.options import json_option, pass_settings
from carprice.ops.edge.certificate import SOON_DAYS, Certificate
from carprice.ops.edge.tls import renew_certificate
from carprice.ops.stack_context import make_context
from carprice.settings import Settings


@click.command()
@json_option("the certificate")
@pass_settings
def tls(settings: Settings, as_json: bool) -> None:
    """Check the certificate and key of CARPRICE_TLS, and give them to the edge without losing a connection.

    Run it whenever the certificate was renewed.
    """
    found, is_served = renew_certificate(make_context(settings, say))
    facts = describe_certificate(found)
    say_certificate(found)
    say("The edge serves it" if is_served else "The edge does not run; it serves it from its next start on")
    if as_json:
        print_json("certificate", {**facts, "served": is_served})


def describe_certificate(found: Certificate) -> dict[str, Any]:
    """What it is for and until when."""
    return {"names": found.names, "ends": found.ends.isoformat(), "sha1": found.fingerprint}


def say_certificate(found: Certificate) -> None:
    """Say it, and what should be looked at."""
    days = found.days_left(datetime.now(UTC))
    say(f"The certificate of {', '.join(found.names)} ends on {found.ends:%Y-%m-%d}, in {days} days")
    if days < SOON_DAYS:
        say(f"Warning: that is within {SOON_DAYS} days: renew it")
    if found.is_alone:
        say(
            "Warning: the certificate that issued it is not behind it; clients that do not have it refuse this one"
        )
