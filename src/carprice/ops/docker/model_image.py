"""A model as an image of its own: nothing but its bundle, for machines that mount or copy it."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from carprice.errors import StackError
from carprice.model.bundle.manifest import find_bundle, set_champion
from carprice.model.bundle.signature import verify_bundle
from carprice.ops.docker import argv
from carprice.settings import Settings
from carprice.system.processes import Runner

MODEL_IMAGE = "car-price-model"
COPY_FOLDER = "model"
"""Where the bundle is in an image that copies itself; in one to mount it is the root."""
BUILD_SECONDS = 300.0


@dataclass(frozen=True)
class ModelImage:
    """A model's image. digest: the SHA-256 of model.pkl in hex, which gates expect."""

    image: str
    model: str
    digest: str


def build_model_image(
    settings: Settings, runner: Runner, version: str = "", *, tag: str = "", base: str = ""
) -> ModelImage:
    """Build the image of a model, or of the champion: an artifacts folder with that model alone as champion.

    base: an image with a shell to add the model to, so that it can copy itself; without one the image holds the
    model and nothing else. Raises BundleError for a missing or damaged model, StackError where Docker fails.
    """
    folder = find_bundle(settings.artifacts_dir, version)
    manifest = verify_bundle(folder, settings.trusted_keys)
    image = tag or f"{MODEL_IMAGE}:{folder.name}"
    with TemporaryDirectory() as place:
        context = Path(place)
        copy_bundle(folder, context / COPY_FOLDER)
        (context / "Dockerfile").write_text(describe_image(base))
        built = runner.try_run(argv.build_folder(context, image), BUILD_SECONDS)
    if built.code != 0:
        raise StackError(
            f"{image} was not built: {built.output.splitlines()[-1] if built.output else 'no reason given'}",
            "Find out more: ./carprice doctor --docker",
        )
    return ModelImage(image, folder.name, manifest["files"]["model.pkl"]["sha256"])


def copy_bundle(folder: Path, target: Path) -> None:
    """Copy a bundle into a new artifacts folder, readable by everybody, and make it the champion there."""
    (target / folder.name).mkdir(parents=True)
    for path in (path for path in folder.iterdir() if path.is_file()):
        shutil.copyfile(path, target / folder.name / path.name)
    set_champion(target, folder.name)
    for path in (target, *target.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def describe_image(base: str = "") -> str:
    """The Dockerfile: the model on top of a base, or on nothing."""
    target = f"/{COPY_FOLDER}/" if base else "/"
    return f"FROM {base or 'scratch'}\nCOPY {COPY_FOLDER}/ {target}\n"
