"""carprice gates."""

import click

from carprice.access.internal_key import read_internal_key
from carprice.cli.console import say
from carprice.cli.options import pass_settings
from carprice.ops.limits import load_limits
from carprice.ops.rollout.by_url import Expected, pass_gates, resolve
from carprice.settings import Settings

EXPECTED = "release,model,digest"


def read_expected(text: str) -> Expected:
    """The release, the model's version and the SHA-256 of its model.pkl; what is empty is not compared."""
    words = [word.strip() for word in text.split(",")] if text else []
    if len(words) > 3:
        raise click.BadParameter(f"should be {EXPECTED} (got {text!r})", param_hint="--expect")
    return Expected(*words)


@click.command()
@click.option("--candidate", "candidates", required=True, multiple=True, metavar="URL", help="The new release.")
@click.option("--live", "lives", multiple=True, metavar="URL", help="The live one, to compare with.")
@click.option("--expect", default="", metavar=EXPECTED, help="What the candidate should be.")
@click.option("--accept-price-shift", is_flag=True, help="Let prices move beyond the limits of rollout.toml.")
@pass_settings
def gates(
    settings: Settings,
    candidates: tuple[str, ...],
    lives: tuple[str, ...],
    expect: str,
    accept_price_shift: bool,
) -> None:
    """Test a release before it goes live, at every address behind its URL, without Docker."""
    expected, limits, key = (
        read_expected(expect),
        load_limits(settings.stack_dir),
        read_internal_key(settings.var_dir),
    )
    candidate, live = ([item for url in urls for item in resolve(url, key)] for urls in (candidates, lives))
    pass_gates(candidate, live, expected, settings, limits, say, accept_price_shift=accept_price_shift)
    click.echo(f"All gates passed at {', '.join(address.name for address in candidate)}")
