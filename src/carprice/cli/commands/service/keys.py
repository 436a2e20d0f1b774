"""carprice keys: add, list, revoke."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from carprice.access.internal_key import ensure_internal_key
from carprice.access.keys import ApiKey, add_key, read_keys, revoke_key
from carprice.access.scopes import PRICE, SCOPES
from carprice.cli.console import print_json, say
from carprice.cli.options import json_option, pass_settings
from carprice.errors import KeysError
from carprice.names import API_KEYS
from carprice.ops.edge.rates import publish_rate
from carprice.ops.stack_context import make_context
from carprice.settings import Settings
from carprice.system.tables import format_table

COLUMNS = ("NAME", "SCOPES", "RATE", "UNTIL", "MADE", "STATE")
GOOD, ENDED = "good", "ended"


@dataclass(frozen=True)
class NewKey:
    """A key that was made. secret: the key itself, which nothing keeps."""

    secret: str
    key: ApiKey


@click.group()
def keys() -> None:
    """Make, list and revoke API keys, one of which every request needs where CARPRICE_API_KEYS is set."""


@keys.command()
@click.argument("name")
@click.option(
    "--scope", default=PRICE, show_default=True, metavar="LIST", help=f"What it is for: {', '.join(SCOPES)}."
)
@click.option(
    "--rate",
    default="",
    metavar="N/s[,N/day]",
    help="So many requests a second, and on each day of UTC; any number of what is left out.",
)
@click.option("--until", default="", metavar="DAY", help="The last day on which it is good, such as 2027-12-31.")
@json_option("the key")
@pass_settings
def add(settings: Settings, name: str, scope: str, rate: str, until: str, as_json: bool) -> None:
    """Make a key and print it, this once: only its SHA-256 is kept."""
    made = make_key(settings, name, scope, rate, until)
    if as_json:
        print_json("key", {**describe_key(made.key), "key": made.secret})
    else:
        click.echo(made.secret)


@keys.command("list")
@json_option("them")
@pass_settings
def list_keys(settings: Settings, as_json: bool) -> None:
    """List the keys, without the keys themselves."""
    found = read_keys(require_folder(settings))
    if as_json:
        print_json("keys", list(map(describe_key, found)))
    else:
        click.echo(format_table([COLUMNS, *map(format_row, found)]))


@keys.command()
@click.argument("name")
@pass_settings
def revoke(settings: Settings, name: str) -> None:
    """Take a key away; the service refuses it within a second, without a restart."""
    remove_key(settings, name)
    say(f"Revoked {name}")


def make_key(settings: Settings, name: str, scope: str, rate: str, until: str) -> NewKey:
    """Make a key, with the stack's own if there is none yet. Raises KeysError, FileError or StackError."""
    folder = require_folder(settings)
    if until and until < datetime.now(UTC).date().isoformat() and _is_day(until):
        raise KeysError(f"until: should be today or later (got {until})")
    secret, key = add_key(folder, name, [item.strip() for item in scope.split(",")], rate, until)
    ensure_internal_key(settings.var_dir, folder)
    publish_rate(make_context(settings, say), key, read_keys(folder))
    say(f"Made the key {name} for {', '.join(key.scopes)}; it is shown this once:")
    return NewKey(secret, key)


def remove_key(settings: Settings, name: str) -> None:
    """Revoke a key. Raises KeysError, FileError or StackError."""
    folder = require_folder(settings)
    key = revoke_key(folder, name)
    publish_rate(make_context(settings, say), key, read_keys(folder))


def require_folder(settings: Settings) -> Path:
    """The folder of the keys. Raises KeysError where the settings name none."""
    if settings.api_keys_folder is None:
        raise KeysError(
            f"{API_KEYS} is not set, so the service asks for no keys",
            f"Name a folder in .env, then start the service again: echo {API_KEYS}=./var/keys >> .env",
        )
    return settings.api_keys_folder


def describe_key(key: ApiKey) -> dict[str, Any]:
    """What is kept of a key, and whether it is good today."""
    state = GOOD if key.ends_at is None or datetime.now(UTC).timestamp() < key.ends_at else ENDED
    kept = {"name": key.name, "scopes": key.scopes, "rate": key.rate or None}
    return {**kept, "until": key.until or None, "made": key.made, "state": state}


def format_row(key: ApiKey) -> tuple[str, ...]:
    """One key as the cells of its row."""
    return tuple(
        ", ".join(cell) if isinstance(cell, list) else str(cell or "-") for cell in describe_key(key).values()
    )


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
