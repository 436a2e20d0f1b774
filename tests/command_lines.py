"""Whether the real command line takes a command line: its commands, options, arguments and their values."""

from collections.abc import Sequence

import click

from carprice.cli.main import cli


def parse_command(words: Sequence[str]) -> str:
    """The full name of the command that words after `carprice` name; nothing runs. Raises click.UsageError."""
    context = cli.make_context("carprice", list(words))
    while isinstance(context.command, click.Group) and (rest := [*context._protected_args, *context.args]):
        name, command, rest = context.command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, rest, parent=context)
    return context.command_path
