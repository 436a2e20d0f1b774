"""carprice test."""

import os
import sys

import click

from carprice.settings import ROOT

WORKERS = 4
"""Processes that run tests beside each other. Most tests wait for processes and containers, so more than cores."""
ALL = ("-n", str(WORKERS))


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def test(pytest_args: tuple[str, ...]) -> None:
    """Run the tests: style, types and behaviour. Arguments go to pytest.

    Without arguments several processes run them, file by file; with -m 'not scenarios' the slow ones run too.
    """
    # pytest takes this process over, so that its summary is the last line and its exit code the answer.
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *(pytest_args or ALL)])  # noqa: S606
