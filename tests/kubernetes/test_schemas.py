"""Each rendered object is what the schemas of its kind say, and one with a fault is refused."""

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.kubernetes.rendered import Object, name_of

VERSIONS = ("1.33", "1.34", "1.35", "1.36", "1.37")
OTHERS = ("argoproj.io/", "gateway.networking.k8s.io/", "monitoring.coreos.com/")

# A field of each kind, with a value that it must not have.
FAULTS: dict[str, tuple[str, Any]] = {
    "ConfigMap": ("data", ["no map"]),
    "CronJob": ("spec.jobTemplate.spec.backoffLimit", "none"),
    "Deployment": ("spec.template.spec.containers.0.readinessProbe.periodSeconds", "1 s"),
    "HorizontalPodAutoscaler": ("spec.maxReplicas", "many"),
    "Namespace": ("metadata.labels", ["no map"]),
    "NetworkPolicy": ("spec.policyTypes", "Ingress"),
    "PersistentVolumeClaim": ("spec.accessModes", "ReadWriteOnce"),
    "PodDisruptionBudget": ("spec.selector", "api"),
    "Service": ("spec.ports.0.port", "http"),
    "ServiceAccount": ("automountServiceAccountToken", "no"),
    "AnalysisTemplate": ("spec.metrics.0.provider.job.spec.backoffLimit", "none"),
    "Rollout": ("spec.strategy.blueGreen.autoPromotionEnabled", "yes"),
    "HTTPRoute": ("spec.rules.0.backendRefs.0.port", "http"),
    "PrometheusRule": ("spec.groups.0.rules.0.labels", "page"),
    "ServiceMonitor": ("spec.endpoints", "http"),
}


def one_of_each(overlays: dict[str, list[Object]]) -> dict[str, Object]:
    return {item["kind"]: item for objects in overlays.values() for item in objects}


def is_core(item: Object) -> bool:
    return not item["apiVersion"].startswith(OTHERS)


def with_fault(item: Object, path: str, value: Any) -> Object:
    changed = copy.deepcopy(item)
    *parents, last = path.split(".")
    place: Any = changed
    for word in parents:
        place = place[int(word) if isinstance(place, list) else word]
    place[int(last) if isinstance(place, list) else last] = value
    return changed


def problems_of(models: Path, objects: list[Object]) -> list[str | None]:
    done = subprocess.run(
        ["node", str(Path(__file__).with_name("refuse.mjs")), str(models)],
        input=json.dumps(objects),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found: list[str | None] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_own_kinds_are_as_its_schemas_say(
    overlays: dict[str, list[Object]], validator: Any, version: str
) -> None:
    rendered = {json.dumps(item): item for objects in overlays.values() for item in objects if is_core(item)}
    for item in rendered.values():
        validator.validate(item, version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_fault_in_any_of_them_is_refused(
    overlays: dict[str, list[Object]], validator: Any, version: str
) -> None:
    for kind, item in one_of_each(overlays).items():
        if is_core(item):
            for faulty in (with_fault(item, *FAULTS[kind]), {**item, "replicass": 1}):
                with pytest.raises(validator.ValidationError):
                    validator.validate(faulty, version, strict=True)


def test_every_other_kind_is_as_its_schema_says(overlays: dict[str, list[Object]], models: Path) -> None:
    objects = [item for found in overlays.values() for item in found if not is_core(item)]
    assert {item["kind"] for item in objects} == set(FAULTS) - {
        kind for kind, item in one_of_each(overlays).items() if is_core(item)
    }
    found = zip(objects, problems_of(models, objects), strict=True)
    assert {name_of(item): problem for item, problem in found if problem} == {}


def test_a_fault_in_any_other_kind_is_refused(overlays: dict[str, list[Object]], models: Path) -> None:
    others = {kind: item for kind, item in one_of_each(overlays).items() if not is_core(item)}
    faulty = [with_fault(item, *FAULTS[kind]) for kind, item in others.items()]
    assert [kind for kind, problem in zip(others, problems_of(models, faulty), strict=True) if not problem] == []
