"""The pod that Kubernetes would run, run by podman: its rights, its model as an image, its end under load."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest
from tests.stack.pods import CONTAINER, Load, Podman
from tests.stack.stacks import remove_images, run, wait_for

from carprice.model.bundle.manifest import find_bundle
from carprice.ops.docker.model_image import COPY_FOLDER, build_model_image, copy_bundle, describe_image
from carprice.settings import Settings
from carprice.system.processes import Runner

pytestmark = pytest.mark.slow

READY_SECONDS = 5.0
PER_SECOND = 50
MANY = 40


@pytest.fixture(scope="module")
def tag(image: str) -> Iterator[str]:
    """The tag of the models' images."""
    name = image.partition(":")[2]
    yield name
    remove_images(f"car-price-model:{name}")


@pytest.fixture(scope="module")
def podman(root: Path, image: str) -> Iterator[Podman]:
    """podman with the image of the service; its folder has a short name, as it refuses a long one."""
    if not shutil.which("podman") or not shutil.which("kubectl"):
        pytest.skip("podman or kubectl is not installed")
    found = Podman(root, Path(mkdtemp(prefix="podman")))
    try:
        found.take(image)
        yield found
    finally:
        found.remove()


@pytest.fixture(scope="module")
def model(podman: Podman, tag: str, small_bundle: Path) -> str:
    """The model's image, as `carprice model-image` makes it."""
    built = build_model_image(
        Settings(artifacts_dir=small_bundle), Runner(podman.folder), tag=f"car-price-model:{tag}"
    )
    podman.take(built.image)
    return built.image


def test_it_runs_without_rights_on_a_mounted_model(
    podman: Podman, image: str, model: str, small_bundle: Path
) -> None:
    with podman.play(image, model, CARPRICE_RELEASE="r7") as pod:
        assert pod.wait_ready() < READY_SECONDS
        status = pod.ask("/info/status").json()
        assert (status["release"], status["source"]) == ("r7", "artifacts")
        assert status["model_version"] == find_bundle(small_bundle).name
        assert pod.execute("id -u").strip() == "1000"
        process = dict(
            line.split(":", 1) for line in pod.execute("cat /proc/1/status").splitlines() if ":" in line
        )
        assert int(process["CapEff"], 16) == 0
        assert int(process["CapBnd"], 16) == 0
        assert process["NoNewPrivs"].strip() == "1"
        for path in ("/x", "/app/x", "/app/artifacts/x"):
            assert "Read-only file system" in pod.execute(f"touch {path}")
        assert pod.execute("touch /tmp/x /app/logs/x") == ""


def test_sigterm_under_load_loses_nothing(podman: Podman, image: str, model: str) -> None:
    with podman.play(image, model) as pod:
        pod.wait_ready()
        load = Load(pod.port, PER_SECOND)
        with load.running():
            wait_for(lambda: len(load.ends) >= MANY, "answers before the end")
            asked = time.monotonic()
            podman.run("kill", "--signal=TERM", CONTAINER)
            wait_for(lambda: load.ends[-1][1] == "refused", f"no new connections: {load.ends[-5:]}")
    before = [end for sent, end in load.ends if sent < asked]
    assert len(before) >= MANY
    assert set(before) == {"200"}
    # On Kubernetes nobody is sent there any more: it comes 10 s after the end was announced.
    assert {end for _, end in load.ends} == {"200", "refused"}


def test_a_copied_model_is_the_same(podman: Podman, image: str, model: str, tag: str, small_bundle: Path) -> None:
    with podman.play(image, model) as pod:
        pod.wait_ready()
        mounted = pod.ask("/info/model").json()
    built = build_model_image(
        Settings(artifacts_dir=small_bundle), Runner(podman.folder), tag=f"car-price-model:{tag}-copy", base=image
    )
    podman.take(built.image)
    with podman.play(image, built.image, "model-copy") as pod:
        pod.wait_ready()
        assert pod.ask("/info/model").json() == mounted
    assert mounted["files"]["model.pkl"]["sha256"] == built.digest


def spoil(folder: Path) -> None:
    """One byte of a model is another one."""
    file = find_bundle(folder) / "model.pkl"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize(
    ("change", "settings", "reason"),
    [
        (spoil, {}, "model.pkl: SHA-256: should be"),
        (lambda _: None, {"CARPRICE_MODEL_VERSION": "20200101T000000Z"}, "20200101T000000Z"),
        (lambda folder: (folder / "champion").unlink(), {}, "has no champion"),
    ],
    ids=["wrong digest", "wrong version", "no model"],
)
def test_a_wrong_model_never_gets_ready_and_says_why(
    podman: Podman,
    image: str,
    tag: str,
    small_bundle: Path,
    tmp_path: Path,
    change: Callable[[Path], None],
    settings: dict[str, str],
    reason: str,
) -> None:
    copy_bundle(find_bundle(small_bundle), tmp_path / COPY_FOLDER)
    change(tmp_path / COPY_FOLDER)
    (tmp_path / "Dockerfile").write_text(describe_image())
    wrong = f"car-price-model:{tag}-{tmp_path.name.strip('_').replace('_', '-').lower()}"
    run(["docker", "build", "--quiet", "--tag", wrong, str(tmp_path)])
    podman.take(wrong)
    with podman.play(image, wrong, **settings) as pod:
        wait_for(lambda: pod.ask("/livez").status == 200, pod.told)
        wait_for(lambda: reason in pod.log(), f"the log names {reason}: {pod.log()}")
        assert pod.ask("/readyz").status == 503
        assert pod.ask("/predict/price", {}).status == 503


def test_an_image_that_is_not_there_starts_nothing(podman: Podman, image: str, tag: str) -> None:
    missing = f"car-price-model:{tag}-missing"
    with podman.play(image, missing, check=False) as pod:
        assert f"{missing}: image not known" in pod.told
        assert json.loads(podman.run("ps", "--format=json").stdout) == []
