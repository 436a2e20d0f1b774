"""Command lines as documents, manifests and hints have them, and whether the real command line takes them."""

import ast
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from carprice.cli.main import cli

OPERATORS = re.compile(r"[();<>|&]+|\d?>+&?\d?")
ELLIPSES = {"...", "…"}
PLACEHOLDER = re.compile(r"[A-Z]+")
NAMED = re.compile(r"(?:\./carprice|-m carprice)(?= )")
IN_PROSE = re.compile(r"\./carprice(?= )")
PROSE_ENDS = re.compile(r"[,;:)\"'`]|(?<!\.)\.(?:\s|$)|\n")
VALUE = "VALUE"
ANY_NUMBER = "1000"


@dataclass(frozen=True)
class CommandLine:
    """Words after `carprice`, and where they stand.

    is_prose: other words may follow that are none of it. is_short: what it needs may be left out.
    """

    words: tuple[str, ...]
    where: str
    is_prose: bool = False
    is_short: bool = False

    def __str__(self) -> str:
        return f"{self.where}: ./carprice {' '.join(self.words)}"


def parse_command(words: Sequence[str]) -> str:
    """The full name of the command that words after `carprice` name; nothing runs. Raises click.UsageError."""
    context = cli.make_context("carprice", list(words))
    while isinstance(context.command, click.Group) and (rest := [*context._protected_args, *context.args]):
        name, command, rest = context.command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, rest, parent=context)
    return context.command_path


def find_problem(line: CommandLine) -> str:
    """Why the command line does not take it, empty where it does.

    A name alone, or an ellipsis, stands for a command with what it needs; a word in capitals for any value.
    """
    words = _fill_ellipses(line.words)
    is_short = line.is_short or line.is_prose or ELLIPSES & {*line.words} or len(words) == len(read_path(words))
    shortest = len(words)
    if line.is_prose:  # options are of the command, words behind the last of them may be of the sentence
        options = [number for number, word in enumerate(words) if word.startswith("-")]
        shortest = max([len(read_path(words)), *(number + 1 for number in options)])
    tries = [_try(words[:length], bool(is_short)) for length in range(len(words), shortest - 1, -1)]
    return tries[0] if all(tries) else ""


def _fill_ellipses(words: Sequence[str]) -> list[str]:
    """Without an ellipsis, but where it stands for the value of an option."""
    filled = []
    for before, word in zip(("", *words), words, strict=False):
        if word not in ELLIPSES:
            filled.append(word)
        elif before.startswith("-"):
            filled.append(VALUE)
    return filled


def read_path(words: Sequence[str]) -> list[str]:
    """The first words, those that name groups and the command."""
    path: list[str] = []
    command: click.Command | None = cli
    for word in words:
        if not isinstance(command, click.Group):
            break
        command = command.get_command(click.Context(command), word)
        if command is None:
            break
        path.append(word)
    return path


def _try(words: Sequence[str], may_miss: bool) -> str:
    try:
        parse_command(words)
    except click.exceptions.Exit:
        return ""
    except click.MissingParameter as error:
        return "" if may_miss else error.format_message()
    except click.BadParameter as error:
        numbers = [ANY_NUMBER if PLACEHOLDER.fullmatch(word) else word for word in words]
        return _try(numbers, may_miss) if numbers != list(words) else error.format_message()
    except click.UsageError as error:
        return error.format_message()
    return ""


def list_of_page(path: Path) -> Iterator[CommandLine]:
    """Those of a page of Markdown: in blocks of code, and between backticks, where much is left out."""
    in_fence, prose = False, []
    for number, line in enumerate(path.read_text().replace("\\\n", " ").splitlines(), 1):
        is_fence = line.lstrip().startswith("```")
        in_fence ^= is_fence
        is_block = in_fence or line.startswith("    ")
        prose.append("" if is_block or is_fence else line)
        if is_block:
            for found in NAMED.finditer(line):
                yield CommandLine(_split_shell(line[found.end() :]), f"{path.name}:{number}")
    for piece in re.findall(r"`([^`]+)`", "\n".join(prose)):
        for found in NAMED.finditer(piece):
            yield CommandLine(_split_shell(piece[found.end() :].replace("\n", " ")), path.name, is_short=True)


def _split_shell(text: str) -> tuple[str, ...]:
    """The words up to a comment, an operator of the shell, or a quote that was opened before."""
    try:
        lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:
        return _split_shell(re.split(r"[\"']", text)[0])
    end = next((number for number, word in enumerate(words) if OPERATORS.fullmatch(word)), len(words))
    words = words[:end]
    comma = next((number for number, word in enumerate(words) if word.endswith(",")), None)
    return tuple(words) if comma is None else (*words[:comma], words[comma].rstrip(","))


def list_of_source(path: Path) -> Iterator[CommandLine]:
    """Those of the texts of a Python module, such as hints; what is filled in is VALUE."""
    tree = ast.parse(path.read_text())
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(map(_read_part, node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            text = node.value
        else:
            continue
        yield from _list_of_prose(text, f"{path.name}:{node.lineno}")


def list_of_text(path: Path) -> Iterator[CommandLine]:
    """Those of any other text, such as a comment or a page of HTML, each in one line."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        yield from _list_of_prose(line, f"{path.name}:{number}")


def _list_of_prose(text: str, where: str) -> Iterator[CommandLine]:
    for found in IN_PROSE.finditer(text):
        words = PROSE_ENDS.split(text[found.end() :])[0].split()
        if words and words[0] not in ELLIPSES:
            yield CommandLine(tuple(words), where, is_prose=True)


def _read_part(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    name = ast.unparse(part.value) if isinstance(part, ast.FormattedValue) else ""
    return "./carprice" if name == "COMMAND" else VALUE
