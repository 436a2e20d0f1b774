"""Images and the names that keep them: each release's image has a name that no later build moves."""

import json

from carprice.errors import StackError
from carprice.ops.docker import argv
from carprice.ops.docker.env_file import DEFAULT_PROJECT, find_project
from carprice.ops.release import IMAGE, LATEST, image_of
from carprice.ops.rollout.history import Entry
from carprice.ops.stack_context import StackContext
from carprice.system.processes import Runner


def find_image(runner: Runner, image: str) -> str:
    """The id of an image. Raises StackError where there is none of that name."""
    result = runner.try_run(argv.inspect_image(image))
    if result.code != 0:
        raise StackError(f"Image {image} does not exist", "Build it: ./carprice build")
    return str(json.loads(result.stdout)[0]["Id"])


def resolve_image(runner: Runner, wanted: str) -> str:
    """The full name of an image called by its name or its tag alone; this stack's own goes first."""
    is_tag = ":" not in wanted and "/" not in wanted
    names = (image_of(wanted, find_project(runner)), image_of(wanted)) if is_tag else ()
    for name in dict.fromkeys(names):
        if runner.try_run(argv.inspect_image(name)).code == 0:
            return name
    return image_of(wanted) if wanted == LATEST else wanted


def keep_image(context: StackContext, image: str, release: str) -> str:
    """Name an image after its release, so that no later build takes it away; returns that name."""
    name = image_of(release, find_project(context.runner))
    if image != name:
        context.runner.run(argv.tag_image(image, name))
    return name


def list_kept(context: StackContext) -> list[str]:
    """The releases of this stack that have an image."""
    tags = context.runner.run(argv.list_tags(IMAGE)).split()
    project = find_project(context.runner)
    if project == DEFAULT_PROJECT:
        return tags
    return [tag.removeprefix(f"{project}-") for tag in tags if tag.startswith(f"{project}-")]


def forget_images(context: StackContext, entries: list[Entry], kept: list[str]) -> None:
    """Remove the image names of all releases but those to keep."""
    known = {entry.name for entry in entries}
    project = find_project(context.runner)
    for name in list_kept(context):
        if name in known and name not in kept:
            context.runner.try_run(argv.remove_image(image_of(name, project)))
