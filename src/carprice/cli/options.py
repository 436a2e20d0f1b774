"""Options that several commands share, and the settings that each is given."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from carprice.ops.stacks.protocol import KINDS
from carprice.settings import load_settings

Command = TypeVar("Command", bound=Callable[..., Any])


def pass_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Call the command with the settings first, read when it runs, so that its help never fails."""

    @functools.wraps(command)
    def call(*arguments: Any, **options: Any) -> Any:
        return command(load_settings(os.environ), *arguments, **options)

    return call


def stack_options(command: Command) -> Command:
    """--docker and --local, which say which stack is meant."""
    for name, what in KINDS.items():
        command = click.option(f"--{name}", "forced", flag_value=name, default="", help=what)(command)
    return command


def json_option(what: str) -> Callable[[Command], Command]:
    """--json, which prints something as JSON."""
    return click.option("--json", "as_json", is_flag=True, help=f"Print {what} as JSON.")


market_option = click.option(
    "--market", "market_name", required=True, metavar="NAME", help="A file in markets/, or a path to one."
)
model_option = click.option("--model", "version", metavar="VERSION", help="Use this model, not the champion.")
output_option = click.option(
    "--output", type=click.Path(path_type=Path), help="The file to write, instead of stdout."
)
force_option = click.option("--force", is_flag=True, help="Overwrite the output file.")
listings_argument = click.argument("listings", type=click.Path(path_type=Path))
