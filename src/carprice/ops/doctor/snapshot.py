"""What the checks look at: everything known of a stack, gathered once, so that all judge the same moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from carprice.errors import BundleError
from carprice.model.bundle.manifest import champion_version
from carprice.names import API, CANDIDATE, IMAGE_MODEL
from carprice.ops.docker.up_checks import DEFAULT_ID
from carprice.ops.edge.haproxy import NO_VIEW, EdgeView
from carprice.ops.instance import Instance
from carprice.ops.kubernetes.pods import Pod
from carprice.ops.stack_context import StackContext


@dataclass(frozen=True)
class StackSnapshot:
    """A stack at one moment. What could not be found out is empty; the `_problem` texts say why.

    ports: service, address, port of this machine that should be open. uid, gid: whom the API runs as. versions:
    the models that are served or would be. trusted_keys: as in the settings. api_keys, tls: the
    folders that they name. rebuild: the command that takes in
    corrected code. pods: of a stack on Kubernetes, None for any other.
    """

    name: str
    artifacts_dir: Path
    logs_dir: Path
    folder: Path
    instances: tuple[Instance, ...] = ()
    ports: tuple[tuple[str, str, int], ...] = ()
    uid: int = DEFAULT_ID
    gid: int = DEFAULT_ID
    versions: tuple[str, ...] = ()
    versions_problem: BundleError | None = None
    rebuild: str = "./carprice restart car-price-api"
    context: StackContext | None = None
    trusted_keys: str = ""
    api_keys: Path | None = None
    tls: Path | None = None
    engine_problem: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    config_problem: str = ""
    view: EdgeView = NO_VIEW
    pods: tuple[Pod, ...] | None = None

    @property
    def is_docker(self) -> bool:
        """Whether it is the stack of containers."""
        return self.context is not None

    def find_instances(self, service: str) -> list[Instance]:
        """The instances of a service."""
        return [instance for instance in self.instances if instance.service == service]

    @property
    def replicas(self) -> list[Instance]:
        """The running instances of the API, a candidate's too."""
        return [
            instance for instance in self.instances if instance.service in (API, CANDIDATE) and instance.is_running
        ]


def find_versions(artifacts_dir: Path, wanted: str) -> tuple[tuple[str, ...], BundleError | None]:
    """The model versions that are served or would be next: the one that is asked for, and the champion."""
    versions = [wanted] if wanted not in ("", IMAGE_MODEL) else []
    try:
        champion = champion_version(artifacts_dir)
    except BundleError as error:
        return tuple(versions), error
    if champion and champion not in versions:
        versions.append(champion)
    return tuple(versions), None
