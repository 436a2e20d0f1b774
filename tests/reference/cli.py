"""docs/cli.md: the help of every command."""

from collections.abc import Iterator

import click
from tests.reference.settings import write_settings

from carprice.cli.main import cli

WIDTH = 100

INTRODUCTION = """# Command line reference

This page is written by `python -m tests.reference` from the commands themselves: change those, not this.

Data goes to stdout, as JSON with `--json` (an object of `schema`, `kind` and `data`); progress and errors go to
stderr. Exit codes: 0 done, 1 an expected failure, with what failed, the value and the next command to type, 2
wrong usage, 130 interrupted. Every setting can be given by a variable `CARPRICE_NAME` in the environment.
"""


def write_cli() -> str:
    """The whole page."""
    lines = [INTRODUCTION]
    for name, text in _list_helps(cli, "carprice", None):
        lines += [f"## {name}", "", "```", text, "```", ""]
    lines += [
        "## Settings",
        "",
        "Sizes are in bytes, times in seconds.",
        "",
        *write_settings(),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _list_helps(command: click.Command, name: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    context = command.make_context(name, [], parent, resilient_parsing=True)
    context.terminal_width = WIDTH
    yield context.command_path, "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            assert found, child
            yield from _list_helps(found, child, context)
