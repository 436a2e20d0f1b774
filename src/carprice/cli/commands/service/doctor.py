"""carprice doctor."""

import time

import click

from carprice.cli.console import print_json, say
from carprice.cli.main import EXIT_FAILED
from carprice.cli.options import json_option, pass_settings, stack_options
from carprice.ops.doctor.diagnosis import checks_of, describe_findings, diagnose
from carprice.ops.stacks.choose import find_stack
from carprice.settings import Settings


@click.command()
@json_option("the findings")
@stack_options
@pass_settings
def doctor(settings: Settings, as_json: bool, forced: str) -> int:
    """Find out what is wrong, why, and which command fixes it. Changes nothing.

    Exits with 0 when nothing is wrong and with 1 otherwise.
    """
    began = time.monotonic()
    snapshot = find_stack(settings, forced, say).snapshot()
    findings = diagnose(snapshot)
    checks = len(checks_of(snapshot))
    if as_json:
        data = {"stack": snapshot.name, "checks": checks, "findings": [item.as_dict() for item in findings]}
        print_json("doctor", data)
    elif findings:
        click.echo(describe_findings(findings))
    count = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
    say(f"{checks} checks, {count} ({time.monotonic() - began:.1f} s)")
    return EXIT_FAILED if findings else 0
