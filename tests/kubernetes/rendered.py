"""The manifests as `kubectl kustomize` renders them."""

import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]
COMPONENTS = ("argo", "edge", "gateway", "monitoring", "mlflow", "model-copy", "train")


def render(folder: Path) -> list[Object]:
    """Every object of a folder with a kustomization."""
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def write_overlay(root: Path, folder: Path, *components: str, base: str = "base", **more: Any) -> Path:
    """An overlay of the base, or of another overlay, with components, in a folder of its own."""
    folder.mkdir()
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [os.path.relpath(root / "kubernetes" / base, folder)],
        "components": [os.path.relpath(root / "kubernetes" / "components" / name, folder) for name in components],
        **more,
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    return folder


def name_of(item: Object) -> str:
    """Kind and name."""
    return f"{item['kind']}/{item['metadata']['name']}"


def find(objects: list[Object], kind: str, name: str) -> Object:
    """The one object of that kind and name."""
    (found,) = (item for item in objects if (item["kind"], item["metadata"]["name"]) == (kind, name))
    return found


def pod_specs(item: Any) -> list[Object]:
    """Every pod's specification inside an object, however deep."""
    if isinstance(item, list):
        return [spec for child in item for spec in pod_specs(child)]
    if not isinstance(item, dict):
        return []
    own = [item] if "containers" in item else []
    return own + [spec for child in item.values() for spec in pod_specs(child)]
