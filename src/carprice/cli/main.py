"""The root of the command line: it only registers the commands and reports expected failures."""

import os
import sys
import traceback
from importlib import import_module

import click

from carprice import __version__
from carprice.cli.console import name_command
from carprice.errors import CarPriceError
from carprice.settings import IS_CHECKOUT, add_env_file, hide_login
from carprice.system.terminal import strip_controls

# A command's module is imported when it is called: MLflow and polars take seconds to import.
COMMANDS = {
    "service": {
        "up": "Start the service and MLflow, and wait until both are healthy.",
        "down": "Stop the service and MLflow.",
        "restart": "Restart the service, or one part of it.",
        "status": "Show what runs, since when and how well.",
        "logs": "Show the logs.",
        "rollout": "Make a new release live without losing a request.",
        "rollback": "Go back to an earlier release, the same way.",
        "gates": "Test a release before it goes live, without Docker.",
        "bake": "Watch a release after it went live, without Docker.",
        "releases": "Show the history of releases.",
        "keys": "Make, list and revoke API keys.",
        "tls": "Check the certificate, and give it to the edge.",
        "erase": "Erase what is kept of requests.",
        "doctor": "Find out what is wrong, and what fixes it.",
    },
    "models": {
        "train": "Learn from listings and write a model.",
        "models": "List the models.",
        "report": "Show how good a model's prices are.",
        "compare": "Compare two models by listings that neither has learnt from.",
        "promote": "Make a model the champion.",
        "monitor": "Show how the prices do, and what to do about it.",
        "index": "Move prices by what cars were sold for since the training.",
        "refresh": "Train on new listings, and serve the model if it is no worse.",
        "sign": "Sign a model, or make the keys for it.",
        "model-image": "Build the image of a model, for Kubernetes.",
    },
    "listings": {
        "price": "Price one car.",
        "score": "Price every car of a file.",
        "feedback": "Keep what cars were sold or listed for.",
        "market": "Check listings against a market, or draft a market file.",
        "demo": "Draw simulated listings of the demo market.",
    },
    "development": {
        "build": "Build the image; what runs stays as it is.",
        "test": "Run the tests.",
    },
}
"""What each does, by the folder of `commands/` that it stands in."""
_FOLDERS = {name: folder for folder, names in COMMANDS.items() for name in names}

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_FOLDERS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _FOLDERS:
            return None
        module = name.replace("-", "_")
        command: click.Command = getattr(import_module(f"carprice.cli.commands.{_FOLDERS[name]}.{module}"), module)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            # Click suggests only commands that are imported already.
            raise click.NoSuchCommand(error.command_name, possibilities=_FOLDERS, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for folder, commands in COMMANDS.items():
            with formatter.section(folder.capitalize()):
                formatter.write_dl(list(commands.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="carprice")
@click.option("--verbose", is_flag=True, help="Show the traceback of an error.")
def cli(verbose: bool) -> None:
    """Used-car prices from your own listings: train, serve, release."""


def main() -> int:
    """Run the command line; an expected failure is one message on stderr and exit code 1."""
    add_env_file(os.environ)
    try:
        code = cli.main(prog_name="carprice", standalone_mode=False)
    except CarPriceError as error:
        if "--verbose" in sys.argv:
            click.echo(hide_login(traceback.format_exc()), err=True)
        click.echo(strip_controls(name_command(f"Error: {error}")), err=True)
        return EXIT_FAILED
    except ModuleNotFoundError as error:  # of an installed package: a checkout has them all
        if IS_CHECKOUT or not error.name or error.name.split(".")[0] == "carprice":
            raise
        click.echo(f"Error: {error.name} is not installed\nInstall it: pip install 'carprice[train]'", err=True)
        return EXIT_FAILED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    return code if isinstance(code, int) else 0
