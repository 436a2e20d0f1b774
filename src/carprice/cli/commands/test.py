"""carprice test."""

import os
import sys

import click

from carprice.settings import ROOT


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def test(pytest_args: tuple[str, ...]) -> None:
    """Run the tests: style, types and behaviour. Arguments go to pytest."""
    # pytest takes this process over, so that its summary is the last line and its exit code the answer.
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *pytest_args])  # noqa: S606
