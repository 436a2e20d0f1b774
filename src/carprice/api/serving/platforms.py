"""What the platforms that run images tell a service: the port, the folder of the model, the paths they ask at.

SageMaker, KServe, Vertex AI and Azure ML each have their own names for it. The service's own settings win.
docs/clients.md has the table.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from carprice.errors import BundleError, SettingsError
from carprice.model.bundle.manifest import holds_bundle, holds_model
from carprice.names import IMAGE_MODEL
from carprice.settings import ROOT

PLATFORM_PORT = 8080
"""Of SageMaker and KServe."""
SAGEMAKER_FOLDER, KSERVE_FOLDER = Path("opt/ml/model"), Path("mnt/models")
SAGEMAKER_MARK = "SAGEMAKER_"
KSERVE_MARKS = ("K_SERVICE", "PROTOCOL_VERSION")
AZURE_FOLDER = "AZUREML_MODEL_DIR"
GIVEN = {
    "CARPRICE_PORT": "AIP_HTTP_PORT",
    "CARPRICE_HEALTH_ROUTE": "AIP_HEALTH_ROUTE",
    "CARPRICE_PREDICT_ROUTE": "AIP_PREDICT_ROUTE",
}
"""Each setting with Vertex AI's name for it."""
SHOWN = 5


def read_platform(environment: Mapping[str, str], root: Path = Path("/")) -> dict[str, str]:
    """The settings that the environment does not have and its platform gives. root: of the file system.

    Raises SettingsError where a platform's folder has files and no model: the image's own would serve instead.
    """
    found = {name: environment[given] for name, given in GIVEN.items() if environment.get(given)}
    if _has_marks(environment, root):
        found.setdefault("CARPRICE_PORT", str(PLATFORM_PORT))
    is_chosen = "CARPRICE_ARTIFACTS_DIR" in environment or environment.get("CARPRICE_MODEL_VERSION") == IMAGE_MODEL
    if not is_chosen and not _is_used(ROOT / "artifacts"):
        for folder in _list_folders(environment, root):
            found["CARPRICE_ARTIFACTS_DIR"] = str(_find_model(folder))
            break
    return {name: value for name, value in found.items() if name not in environment}


def _is_used(folder: Path) -> bool:
    """Whether a folder says which model serves, or is damaged, which the service says and waits for."""
    try:
        return holds_model(folder)
    except BundleError:
        return True


def _has_marks(environment: Mapping[str, str], root: Path) -> bool:
    has_folder = any((root / folder).is_dir() for folder in (SAGEMAKER_FOLDER, KSERVE_FOLDER))
    has_name = any(name.startswith(SAGEMAKER_MARK) or name in KSERVE_MARKS for name in environment)
    return has_folder or has_name


def _list_folders(environment: Mapping[str, str], root: Path) -> Iterator[Path]:
    """The folders of the platforms that have anything in them; Azure's is said by name, so it has to be there."""
    if given := environment.get(AZURE_FOLDER):
        if not Path(given).is_dir():
            raise SettingsError(f"{AZURE_FOLDER}: should be a folder (got {given!r})")
        yield Path(given)
    yield from (
        path for path in (root / SAGEMAKER_FOLDER, root / KSERVE_FOLDER) if path.is_dir() and any(path.iterdir())
    )


def _find_model(folder: Path) -> Path:
    """The folder itself, or the one in it that holds a model. Raises SettingsError."""
    if holds_model(folder):
        return folder
    inner = [path for path in sorted(folder.iterdir()) if path.is_dir()]
    found = [path for path in inner if holds_model(path)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(path.name for path in sorted(folder.iterdir())[:SHOWN]) or "nothing"
    what = "several models and no champion" if all(map(holds_bundle, found)) and found else "no model"
    raise SettingsError(
        f"{folder}: has {what} (got {names})",
        "Put one bundle there, or artifacts/ with its champion; another folder: CARPRICE_ARTIFACTS_DIR",
    )
