"""An overlay and the cluster it is for: what is rendered, what is live, what is asked of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from carprice.errors import StackError
from carprice.names import API
from carprice.ops.kubernetes import argv
from carprice.ops.kubernetes.pods import Pod, read_pod
from carprice.system.processes import Result, Runner

Object = dict[str, Any]

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
PODS = "app.kubernetes.io/name=car-price"
API_PODS = f"{PODS},app.kubernetes.io/component=api"
SET = "carprice/set"
CURRENT, NEXT = "current", "next"
INSTALL_HINT = "Is it the right cluster? kubectl config current-context; docs/kubernetes.md"


@dataclass(frozen=True)
class Cluster:
    """An overlay, and the cluster that kubectl's current context names."""

    overlay: Path
    runner: Runner

    @cached_property
    def live(self) -> list[Object]:
        """What of the overlay is in the cluster when it is first asked for. Raises StackError."""
        return items_of(self.ask(argv.get_overlay(self.overlay)))

    @cached_property
    def namespace(self) -> str:
        """Where the service is. Raises StackError where nothing of it is there."""
        for item in self.live:
            if "namespace" in item["metadata"]:
                return str(item["metadata"]["namespace"])
        raise StackError(
            f"Nothing of {self.overlay} is in the cluster", f"Start it: ./carprice up --kubernetes {self.overlay}"
        )

    def find_live(self, kind: str, name: str = API) -> Object | None:
        """A live object of the overlay."""
        return find_object(self.live, kind, name)

    def ask(self, words: list[str]) -> str:
        """What kubectl prints. Raises StackError with its own words where it fails."""
        return explain_failure(self.runner.try_run(words), words)

    def get(self, what: str, selector: str = "") -> list[Object]:
        """Objects as they are now: one by `kind/name`, or those of a kind with labels."""
        return items_of(self.ask(argv.get_objects(self.namespace, what, selector)))

    def pods(self, selector: str = PODS) -> list[Pod]:
        """The pods with those labels, by name."""
        return sorted((read_pod(item) for item in self.get("pods", selector)), key=lambda pod: pod.name)

    def create(self, item: Mapping[str, Any]) -> None:
        """Create an object. Raises StackError where it is there already."""
        with TemporaryDirectory() as folder:
            file = Path(folder) / "object.json"
            file.write_text(json.dumps(item), encoding="utf-8")
            self.ask(argv.create_objects(file))

    def patch(self, what: str, patch: Mapping[str, Any], subresource: str = "") -> None:
        """Merge into an object."""
        self.ask(argv.patch_object(self.namespace, what, json.dumps(patch), subresource))

    def delete(self, names: Sequence[str]) -> None:
        """Remove objects."""
        self.ask(argv.delete_objects(self.namespace, names))


def check_overlay(overlay: Path) -> Path:
    """The folder of an overlay. Raises StackError where it is none."""
    if not any((overlay / name).exists() for name in KUSTOMIZATIONS):
        raise StackError(
            f"{overlay}: should be a folder with a kustomization.yaml (got none)",
            f"Copy the example: cp -r kubernetes/overlays/example {overlay}",
        )
    return overlay


def explain_failure(result: Result, words: list[str]) -> str:
    """What a command printed. Raises StackError with its last lines, unless it exited with 0."""
    if result.code != 0:
        lines = list(dict.fromkeys((result.stderr or result.stdout).strip().splitlines()))[-5:]
        raise StackError(f"`{' '.join(words[:3])}` failed: " + "\n  ".join(lines), INSTALL_HINT)
    return result.stdout


def items_of(text: str) -> list[Object]:
    """The objects that kubectl prints as JSON: a list of them, one, or none."""
    if not text.strip():
        return []
    found: Object = json.loads(text)
    items: list[Object] = found["items"] if found.get("kind", "").endswith("List") else [found]
    return items


def find_object(objects: Sequence[Object], kind: str, name: str = API) -> Object | None:
    """The object of that kind and name."""
    return next((i for i in objects if (i["kind"], i["metadata"]["name"]) == (kind, name)), None)
