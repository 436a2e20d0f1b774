"""What no schema knows: objects that name each other, pods without rights, one truth for rules and images."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.kubernetes.rendered import Object, find, name_of, pod_specs

from carprice.ops.limits import load_limits
from carprice.settings import Settings

OVERLAYS = ("base", "example", "example-argo", "everything")


@pytest.fixture(params=OVERLAYS)
def objects(request: pytest.FixtureRequest, overlays: dict[str, list[Object]]) -> list[Object]:
    """One overlay after the other."""
    return overlays[request.param]


def references(item: Any, key: str = "") -> set[tuple[str, str]]:
    """Kind and name of everything that an object needs to be there."""
    kinds = {"configMapRef": "ConfigMap", "configMap": "ConfigMap", "workloadRef": "Deployment"}
    if isinstance(item, list):
        return {found for child in item for found in references(child, key)}
    if not isinstance(item, dict):
        return {
            "serviceAccountName": {("ServiceAccount", str(item))},
            "claimName": {("PersistentVolumeClaim", str(item))},
            "activeService": {("Service", str(item))},
            "previewService": {("Service", str(item))},
            "templateName": {("AnalysisTemplate", str(item))},
        }.get(key, set())
    own = {(kinds[key], item["name"])} if key in kinds else set()
    if key == "scaleTargetRef":
        own.add((item["kind"], item["name"]))
    if key == "backendRefs":
        own.add(("Service", item["name"]))
    return own | {found for name, child in item.items() for found in references(child, name)}


def test_whatever_is_named_is_there(objects: list[Object]) -> None:
    there = {(item["kind"], item["metadata"]["name"]) for item in objects}
    assert {found for item in objects for found in references(item)} - there == set()


def test_each_service_finds_the_pods_that_it_is_for(objects: list[Object]) -> None:
    pods = [item["spec"]["template"]["metadata"]["labels"] for item in objects if item["kind"] == "Deployment"]
    for service in (item for item in objects if item["kind"] == "Service"):
        chosen = service["spec"]["selector"].items()
        is_found = any(chosen <= labels.items() for labels in pods)
        is_candidate = service["spec"]["selector"].get("carprice/set") == "next"
        assert is_found != is_candidate, name_of(service)


def test_no_pod_has_rights(objects: list[Object]) -> None:
    """The pod security standard `restricted`, a read-only root, and no token for the API server."""
    specs = [(name_of(item), spec) for item in objects for spec in pod_specs(item)]
    assert specs
    for name, spec in specs:
        context = spec["securityContext"]
        assert context["runAsNonRoot"], name
        assert context["runAsUser"] > 0, name
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert spec["automountServiceAccountToken"] is False, name
        for container in [*spec["containers"], *spec.get("initContainers", [])]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert {"cpu", "memory"} <= set(container["resources"]["requests"]), name
            assert "memory" in container["resources"]["limits"], name
        assert {"hostPath", "hostNetwork", "hostPID"} & {
            *spec,
            *(key for v in spec["volumes"] for key in v),
        } == set()


def test_the_end_of_a_pod_leaves_time_for_all_of_it(objects: list[Object]) -> None:
    spec = find(objects, "Deployment", "car-price-api")["spec"]["template"]["spec"]
    pause = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert spec["terminationGracePeriodSeconds"] >= pause + Settings().shutdown_seconds + 10
    probe = spec["containers"][0]["startupProbe"]
    assert probe["failureThreshold"] * probe["periodSeconds"] >= Settings().start_seconds


@pytest.mark.parametrize("name", ["example", "example-argo"])
def test_an_overlay_names_both_images_by_digest_everywhere(overlays: dict[str, list[Object]], name: str) -> None:
    images = set(re.findall(r"registry\.example\.com/[\w@:.-]+", str(overlays[name])))
    assert len(images) == 2
    assert all(re.fullmatch(r"\S+@sha256:[0-9a-f]{64}", image) for image in images)
    assert "'image': 'car-price" not in str(overlays[name])


def test_an_older_cluster_mounts_no_image(overlays: dict[str, list[Object]]) -> None:
    spec = find(overlays["everything"], "Deployment", "car-price-api")["spec"]["template"]["spec"]
    (volume,) = (item for item in spec["volumes"] if item["name"] == "artifacts")
    assert set(volume) == {"name", "emptyDir"}
    assert [container["image"] for container in spec["initContainers"]] == ["car-price-model"]


def test_argo_runs_the_jobs_of_the_base(overlays: dict[str, list[Object]]) -> None:
    objects = overlays["example-argo"]
    for name in ("car-price-gates", "car-price-bake"):
        template = find(objects, "AnalysisTemplate", name)["spec"]["metrics"][0]["provider"]["job"]["spec"]
        assert template == find(objects, "CronJob", name)["spec"]["jobTemplate"]["spec"]
        assert template["backoffLimit"] == 0


def test_nothing_starts_the_jobs_by_the_clock(objects: list[Object]) -> None:
    for item in (item for item in objects if item["kind"] == "CronJob"):
        assert item["spec"]["suspend"], name_of(item)


def test_the_gates_expect_what_the_overlay_names(overlays: dict[str, list[Object]]) -> None:
    job = find(overlays["example"], "CronJob", "car-price-gates")["spec"]["jobTemplate"]["spec"]
    (container,) = job["template"]["spec"]["containers"]
    settings = find(overlays["example"], "ConfigMap", container["envFrom"][0]["configMapRef"]["name"])["data"]
    (expected,) = (word for word in container["args"] if word.startswith("--expect="))
    for name in ("CARPRICE_RELEASE", "CARPRICE_MODEL_VERSION", "MODEL_DIGEST"):
        assert f"$({name})" in expected
        assert settings[name]


def test_no_demo_model_and_no_lost_feedback(objects: list[Object]) -> None:
    (settings,) = (i["data"] for i in objects if i["metadata"]["name"].startswith("car-price-settings"))
    assert settings["CARPRICE_FALLBACK_DIR"] == ""
    assert settings["CARPRICE_FEEDBACK_ROWS"] == "0"


def test_the_limits_are_ones_that_a_rollout_knows(root: Path) -> None:
    assert load_limits(root / "kubernetes" / "base").bake > 0


def test_the_alerts_are_those_for_any_prometheus(root: Path, overlays: dict[str, list[Object]]) -> None:
    rules = find(overlays["everything"], "PrometheusRule", "car-price")["spec"]
    assert rules == yaml.safe_load((root / "monitoring" / "alerts.yml").read_text())


def test_the_edge_answers_errors_as_on_one_machine(root: Path) -> None:
    texts = [(root / name).read_text() for name in ("edge/haproxy.cfg", "kubernetes/components/edge/haproxy.cfg")]
    here, there = (re.findall(r"(?m)^ *http-error .*$", text) for text in texts)
    assert here == there != []
