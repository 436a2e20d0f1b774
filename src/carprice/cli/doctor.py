"""carprice doctor."""

import os
import time

import click

from carprice.cli.console import print_json, say
from carprice.cli.main import EXIT_FAILED
from carprice.ops.doctor.checks import CHECKS, describe_findings, diagnose
from carprice.ops.stacks.choose import stack_options
from carprice.ops.stacks.diagnosis import look_at_stack
from carprice.settings import load_settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@stack_options
def doctor(as_json: bool, forced: str) -> int:
    """Find out what is wrong, why, and which command mends it. Changes nothing.

    Exits with 0 when all is well and with 1 otherwise.
    """
    began = time.monotonic()
    scene = look_at_stack(load_settings(os.environ), forced, say)
    findings = diagnose(scene)
    if as_json:
        data = {"stack": scene.name, "checks": len(CHECKS), "findings": [item.as_dict() for item in findings]}
        print_json("doctor", data)
    elif findings:
        click.echo(describe_findings(findings))
    say(f"{len(CHECKS)} checks, {len(findings)} findings ({time.monotonic() - began:.1f} s)")
    return EXIT_FAILED if findings else 0
