"""MLflow on disks that are full: a training is kept, says so, and is sent when there is room."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.ports import find_port
from tests.tracking.test_upload import find_sent
from tests.tracking.trainings import copy_training

from carprice.model.bundle.manifest import champion_version, read_manifest
from carprice.model.pricer import load_pricer
from carprice.settings import Settings
from carprice.tracking.client import FAILED_HINT
from carprice.tracking.outbox import list_pending
from carprice.tracking.promotion import record_training, send_waiting

DATABASE, ARTIFACTS = "database", "artifacts"
SIZE = "16m"
BLOCK = 4096


@dataclass(frozen=True)
class SmallDisks:
    """A server whose database and artifacts each have a disk of their own."""

    url: str
    folder: Path

    @contextmanager
    def fill(self, disk: str) -> Iterator[None]:
        """Leave no byte free on a disk, for the block."""
        path = self.folder / disk / "filler"
        with path.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(BLOCK)):
                pass
        try:
            yield
        finally:
            path.unlink()


@pytest.fixture(scope="module")
def disks(start_process: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisks]:
    folder, port = tmp_path_factory.mktemp("disks"), find_port()
    found = SmallDisks(f"http://127.0.0.1:{port}", folder)
    mounted = []
    try:
        for disk in (DATABASE, ARTIFACTS):
            (folder / disk).mkdir()
            mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder / disk)]
            if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode != 0:
                pytest.skip("no rights to mount a small disk")
            mounted.append(folder / disk)
        argv = ["mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        argv += ["--backend-store-uri", f"sqlite:///{folder / DATABASE / 'mlflow.db'}"]
        argv += ["--artifacts-destination", str(folder / ARTIFACTS)]
        start_process(argv, f"{found.url}/health", MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false")
        yield found
    finally:
        for path in mounted:  # lazily: the server, which ends with the tests, has files open there
            subprocess.run(["umount", "--lazy", str(path)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("disk", [DATABASE, ARTIFACTS])
def test_a_training_is_kept_and_sent_when_there_is_room(
    disks: SmallDisks, small_bundle: Path, offline: Settings, disk: str
) -> None:
    settings = replace(offline, mlflow_url=disks.url)
    training = copy_training(small_bundle, settings)
    said: list[str] = []
    with disks.fill(disk):
        record_training(training, settings, said.append)
    (warning,) = (line for line in said if line.startswith("Warning: "))
    assert f"{training.version} is not in MLflow" in warning
    assert warning.endswith(FAILED_HINT)
    assert load_pricer(training.folder).manifest["mlflow"] is None
    assert champion_version(settings.artifacts_dir) == training.version, "it serves all the same"
    assert [folder.name for folder in list_pending(settings)] == [training.version]
    assert [sent.version for sent in send_waiting(settings, said.append)] == [training.version]
    assert find_sent(settings, training.version).counts == (1, 1, 1)
    assert read_manifest(training.folder)["mlflow"]["run_id"]
    assert list_pending(settings) == []
