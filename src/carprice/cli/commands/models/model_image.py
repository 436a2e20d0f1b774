"""carprice model-image."""

from dataclasses import asdict

import click

from carprice.cli.console import print_json, say
from carprice.cli.options import json_option, pass_settings
from carprice.ops.docker.model_image import build_model_image
from carprice.ops.stack_context import make_context
from carprice.settings import Settings


@click.command("model-image")
@click.argument("version", default="")
@click.option("--tag", default="", metavar="NAME", help="The image's name; without it, car-price-model:VERSION.")
@click.option(
    "--base", default="", metavar="IMAGE", help="Add the model to this image, so that it can copy itself."
)
@json_option("the image, the model and its digest")
@pass_settings
def model_image(settings: Settings, version: str, tag: str, base: str, as_json: bool) -> None:
    """Build the image of the model VERSION, or of the champion, and print what an overlay says of it.

    The image holds the model and nothing else, for Kubernetes to mount. A cluster before 1.35 copies it instead:
    that takes --base with the image of the service, whose layers are on every node already.
    """
    built = build_model_image(settings, make_context(settings, say).runner, version, tag=tag, base=base)
    if as_json:
        print_json("model-image", asdict(built))
        return
    click.echo(f"CARPRICE_MODEL_VERSION={built.model}\nMODEL_DIGEST={built.digest}")
    say(f"Built {built.image}")
    say("Push it, and name it in an overlay by the digest that `docker push` prints: docs/kubernetes.md")
