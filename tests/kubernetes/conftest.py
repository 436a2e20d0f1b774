"""The overlays, rendered once, and the tools that check them where .ci/run installed them."""

import importlib
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.kubernetes.rendered import COMPONENTS, Object, render, write_overlay

TOOLS = "var/kubernetes-tools"


@pytest.fixture(scope="session", autouse=True)
def kubectl() -> None:
    """Skip everything here without kubectl."""
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")


@pytest.fixture(scope="session")
def validator(root: Path) -> Any:
    """The package kubernetes_validate."""
    sys.path.append(str(root / TOOLS / "python"))
    try:
        return importlib.import_module("kubernetes_validate")
    except ModuleNotFoundError as error:
        pytest.skip(f"no {error.name} in {TOOLS}: .ci/run installs it")


@pytest.fixture(scope="session")
def models(root: Path) -> Path:
    """The folder with node_modules/@kubernetes-models."""
    folder = root / TOOLS
    if not shutil.which("node") or not (folder / "node_modules").exists():
        pytest.skip(f"no node, or no node_modules in {TOOLS}: .ci/run installs them")
    return folder


@pytest.fixture(scope="session")
def overlays(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Object]]:
    """The base, the example, the example with Argo, and everything at once, each rendered."""
    folder = tmp_path_factory.mktemp("overlays")
    return {
        "base": render(root / "kubernetes" / "base"),
        "example": render(root / "kubernetes" / "overlays" / "example"),
        "example-argo": render(
            write_overlay(root, folder / "argo", "argo", base="overlays/example", namespace="car-price")
        ),
        "everything": render(write_overlay(root, folder / "all", *COMPONENTS)),
    }
