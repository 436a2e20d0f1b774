"""carprice sign."""

from pathlib import Path

import click

from carprice.cli.console import print_json, say
from carprice.cli.options import json_option, pass_settings
from carprice.model.bundle.manifest import find_bundle
from carprice.settings import Settings

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("version", default="")
@click.option("--key", type=_FILE, help="The private key to sign with, not that of CARPRICE_SIGNING_KEY.")
@click.option("--new-key", type=_FILE, help="Write a new private key here, and its public key beside it.")
@json_option("the key's id and the files")
@pass_settings
def sign(settings: Settings, version: str, key: Path | None, new_key: Path | None, as_json: bool) -> None:
    """Sign the model VERSION, or the champion; where CARPRICE_TRUSTED_KEYS is set, only signed models are used."""
    if new_key:
        if version or key:
            raise click.UsageError("--new-key makes keys and signs nothing: leave out VERSION and --key.")
        found = make_pair(new_key)
    else:
        found = sign_version(settings, version, key)
    if as_json:
        print_json("signature", found)
    else:
        click.echo(found["key_id"])


def make_pair(path: Path) -> dict[str, str]:
    """Write a pair of keys, and say what each is for."""
    from carprice.model.bundle.signing import make_keys

    pair = make_keys(path)
    say(f"{pair.private} signs: keep it where models are trained, and nowhere else")
    say(f"{pair.public} is trusted: copy it into the folder that CARPRICE_TRUSTED_KEYS names")
    return {"key_id": pair.key_id, "private": str(pair.private), "public": str(pair.public)}


def sign_version(settings: Settings, version: str, key: Path | None) -> dict[str, str]:
    """Sign a bundle that loads and prices as it did in training. Raises BundleError where it does not."""
    from carprice.model.bundle.signature import SIGNATURE
    from carprice.model.bundle.signing import load_signing_key, sign_bundle
    from carprice.model.pricer import load_pricer
    from carprice.tracking.proof import prove_apart

    path = key or (Path(settings.signing_key) if settings.signing_key else None)
    if path is None:
        raise click.UsageError("--key is missing, the private key. Make one: ./carprice sign --new-key FILE")
    signing_key = load_signing_key(path)
    folder = find_bundle(settings.artifacts_dir, version)
    prove_apart(folder)
    load_pricer(folder)
    found = sign_bundle(folder, signing_key)
    say(f"Signed {folder.name}")
    return {"key_id": found, "version": folder.name, "signature": str(folder / SIGNATURE)}
