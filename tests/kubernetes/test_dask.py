"""The component of Dask: the cluster is one of the trainer's image, as docs/scale.md starts it by hand."""

import shutil
from pathlib import Path

import pytest

rendered = pytest.importorskip("tests.kubernetes.rendered")


@pytest.fixture(scope="module")
def objects(root: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict]:
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")
    return rendered.render(rendered.write_overlay(root, tmp_path_factory.mktemp("dask") / "overlay", "dask"))


def test_its_pods_are_of_the_trainers_image(objects: list[dict]) -> None:
    specs = [spec for item in objects for spec in rendered.pod_specs(item)]
    names = {container["name"]: container["image"] for spec in specs for container in spec["containers"]}
    assert {names[name] for name in ("scheduler", "worker", "score")} == {"car-price-trainer"}


def test_workers_are_started_as_the_page_says(objects: list[dict], root: Path) -> None:
    page = (root / "docs" / "scale.md").read_text()
    for name in ("car-price-scheduler", "car-price-worker"):
        (container,) = rendered.find(objects, "Deployment", name)["spec"]["template"]["spec"]["containers"]
        words = [word for word in container["command"] if word.startswith("--") and word != "--port"]
        assert [word for word in words if word not in page] == []
        for variable in container["env"]:
            assert variable["name"] in page or variable["name"] == "HOME"


def test_nobody_else_reaches_them(objects: list[dict]) -> None:
    policy = rendered.find(objects, "NetworkPolicy", "car-price-dask")["spec"]
    assert policy["ingress"] == [{"from": [{"podSelector": policy["podSelector"]}]}]
