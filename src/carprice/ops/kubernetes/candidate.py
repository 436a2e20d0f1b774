"""The candidate of a rollout without Argo: the Deployment once more, under another name and label."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from carprice.names import API, CANDIDATE
from carprice.ops.journal import who
from carprice.ops.kubernetes.cluster import NEXT, SET, Object, find_object
from carprice.ops.release import DEFAULT_RELEASE

HOLDER = "carprice/started-by"
_SERVERS_OWN = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "annotations")


def make_candidate(deployment: Mapping[str, Any], template: Mapping[str, Any], replicas: int) -> Object:
    """A Deployment of a template beside the live one. It says who started it: it is the lock of the rollout."""
    made = copy.deepcopy(dict(deployment))
    made.pop("status", None)
    made["metadata"] = {key: value for key, value in made["metadata"].items() if key not in _SERVERS_OWN}
    made["metadata"]["name"] = CANDIDATE
    made["metadata"]["annotations"] = {HOLDER: describe_holder()}
    made["spec"] = {**made["spec"], "replicas": replicas, "template": copy.deepcopy(dict(template))}
    for labels in (
        made["metadata"]["labels"],
        made["spec"]["selector"]["matchLabels"],
        made["spec"]["template"]["metadata"]["labels"],
    ):
        labels[SET] = NEXT
    made["spec"]["template"]["metadata"]["labels"].pop("pod-template-hash", None)
    return made


def describe_holder() -> str:
    """Who runs this command, from where."""
    mine = who()
    return f"{mine['by']} on {mine['host']} (process {mine['pid']})"


def what_runs(template: Mapping[str, Any]) -> tuple[str, ...]:
    """Everything that makes a pod another release: images, mounted models, settings."""
    spec = template["spec"]
    containers = [*spec.get("initContainers", []), *spec["containers"]]
    images = [container["image"] for container in containers]
    models = [volume["image"]["reference"] for volume in spec.get("volumes", []) if "image" in volume]
    return (*images, *models, *settings_of(template))


def name_release(template: Mapping[str, Any], objects: Sequence[Object]) -> str:
    """The release that a template's settings name, `local` where they cannot be found."""
    for name in settings_of(template):
        if settings := find_object(objects, "ConfigMap", name):
            return str(settings.get("data", {}).get("CARPRICE_RELEASE") or DEFAULT_RELEASE)
    return DEFAULT_RELEASE


def settings_of(template: Mapping[str, Any]) -> list[str]:
    """The ConfigMaps that a template takes its settings from."""
    (service,) = (item for item in template["spec"]["containers"] if item["name"] == API)
    return [source["configMapRef"]["name"] for source in service.get("envFrom", []) if "configMapRef" in source]
