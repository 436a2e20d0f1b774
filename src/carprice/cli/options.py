"""Options that several commands share, and the settings that each is given."""

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from carprice.cli.console import say
from carprice.ops.stacks.protocol import KINDS
from carprice.settings import COMMAND, OVERLAY_PREFIX, load_settings

if TYPE_CHECKING:
    from carprice.listings.listings_files import ListingsFiles

OVERLAY_HELP = "Kubernetes, as this folder describes it."

Command = TypeVar("Command", bound=Callable[..., Any])


def pass_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Call the command with the settings first, read when it runs, so that its help never fails."""

    @functools.wraps(command)
    def call(*arguments: Any, **options: Any) -> Any:
        return command(load_settings(os.environ), *arguments, **options)

    return call


def stack_options(command: Command) -> Command:
    """--docker, --local and --kubernetes, which say which stack is meant; the command gets it as forced."""

    @functools.wraps(command)
    def call(*arguments: Any, forced: str, overlay: Path | None, **options: Any) -> Any:
        return command(*arguments, forced=f"{OVERLAY_PREFIX}{overlay}" if overlay else forced, **options)

    for name, what in KINDS.items():
        call = click.option(f"--{name}", "forced", flag_value=name, default="", help=what)(call)
    return overlay_option(call)  # type: ignore[return-value]


overlay_option = click.option(
    "--kubernetes", "overlay", type=click.Path(path_type=Path), metavar="OVERLAY", help=OVERLAY_HELP
)


def json_option(what: str) -> Callable[[Command], Command]:
    """--json, which prints something as JSON."""
    return click.option("--json", "as_json", is_flag=True, help=f"Print {what} as JSON.")


class _MarketName(click.ParamType[str]):
    """The name of a market file; where it is left out, and for completion, those that there are."""

    name = "market"

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:
        known = ", ".join(self._list_names()) or "none"
        return f"Markets: {known}; or draft one: {COMMAND} market init LISTINGS"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(name) for name in self._list_names() if name.startswith(incomplete)]

    def _list_names(self) -> list[str]:
        return sorted(file.stem for file in load_settings(os.environ).markets_dir.glob("*.toml"))


market_option = click.option(
    "--market",
    "market_name",
    required=True,
    type=_MarketName(),
    metavar="NAME",
    help="A file in markets/, or a path to one.",
)
model_option = click.option("--model", "version", metavar="VERSION", help="Use this model, not the champion.")
output_option = click.option(
    "--output", type=click.Path(path_type=Path), help="The file to write, instead of stdout."
)
force_option = click.option("--force", is_flag=True, help="Overwrite the output file.")


def engine_options(command: Command) -> Command:
    """--engine and --workers, which say what works on the parts; the command gets them as address and workers."""
    command = click.option(
        "--workers", type=click.IntRange(1), help="So many processes of this machine; else one for each core."
    )(command)
    return click.option(
        "--engine",
        "address",
        metavar="ADDRESS",
        help="Of a Dask scheduler, such as tcp://host:8786; docs/scale.md.",
    )(command)


def gang_option(command: Command) -> Command:
    """--gang; the command gets it as gang, 0 for none, with no fewer --workers."""

    @functools.wraps(command)
    def call(*arguments: Any, gang: int | None, workers: int | None, **options: Any) -> Any:
        if gang and workers and workers < gang:
            raise click.UsageError(f"--gang {gang}: needs as many --workers (got {workers}).")
        return command(*arguments, gang=gang or 0, workers=workers, **options)

    option = click.option(
        "--gang",
        type=click.IntRange(2),
        metavar="N",
        help="Grow each large booster by N workers together, each with a part of its listings; the trees are "
        "others than those of one worker. docs/scale.md.",
    )
    return option(call)  # type: ignore[return-value]


def listings_argument(command: Command) -> Command:
    """LISTINGS, the files to read, with --encoding and --strict; the command gets them as ListingsFiles."""

    @functools.wraps(command)
    def call(*arguments: Any, listings: tuple[Path, ...], encoding: str, strict: bool, **options: Any) -> Any:
        return command(*arguments, listings=read_heads(listings, encoding, strict), **options)

    return click.argument("listings", nargs=-1, required=True, type=click.Path(path_type=Path))(
        reading_options(call)
    )  # type: ignore[return-value]


def data_option(what: str, metavar: str = "LISTINGS") -> Callable[[Command], Command]:
    """--data, listings files, with --encoding and --strict; the command gets them as source, None for no file."""

    def add(command: Command) -> Command:
        @functools.wraps(command)
        def call(*arguments: Any, named: tuple[Path, ...], encoding: str, strict: bool, **options: Any) -> Any:
            source = read_heads(named, encoding, strict) if named else None
            return command(*arguments, source=source, **options)

        option = click.option(
            "--data", "named", type=click.Path(path_type=Path), multiple=True, metavar=metavar, help=what
        )
        return option(reading_options(call))  # type: ignore[return-value]

    return add


def reading_options(command: Command) -> Command:
    """--encoding and --strict, which say how listings files are read."""
    command = click.option(
        "--strict", is_flag=True, help="Refuse a file with a line that is no row, instead of dropping the line."
    )(command)
    return click.option(
        "--encoding", default="", metavar="NAME", help="What the files' text is in, such as windows-1251."
    )(command)


def read_heads(named: Sequence[Path], encoding: str, is_strict: bool) -> "ListingsFiles":
    """The files that were named; how they were understood is said on stderr."""
    # Imported here: polars takes time that commands without listings need not wait.
    from carprice.listings.listings_files import ListingsFiles

    files = ListingsFiles(named, encoding, is_strict)
    for note in files.notes:
        say(f"Note: {note}")
    return files
