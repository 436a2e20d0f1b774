"""carprice bake."""

import click

from carprice.access.internal_key import read_internal_key
from carprice.cli.console import say
from carprice.cli.options import pass_settings
from carprice.ops.limits import load_limits
from carprice.ops.rollout.by_url import resolve, watch_live
from carprice.settings import Settings


@click.command()
@click.option("--live", "lives", required=True, multiple=True, metavar="URL", help="The release that is live now.")
@click.option("--old", "olds", multiple=True, metavar="URL", help="The one before, still warm, to compare with.")
@click.option("--accept-price-shift", is_flag=True, help="Let prices move beyond the limits of rollout.toml.")
@pass_settings
def bake(settings: Settings, lives: tuple[str, ...], olds: tuple[str, ...], accept_price_shift: bool) -> None:
    """Watch a release after it went live, at every address behind its URL, without Docker."""
    limits, key = load_limits(settings.stack_dir), read_internal_key(settings.var_dir)
    live, old = ([item for url in urls for item in resolve(url, key)] for urls in (lives, olds))
    say(f"Watching {', '.join(address.name for address in live)} for {limits.bake:g} s ...")
    watch_live(live, old, limits, say, accept_price_shift=accept_price_shift)
    click.echo(f"No trouble in {limits.bake:g} s")
