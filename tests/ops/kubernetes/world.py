"""A recording runner that notes every argv and answers as kubectl would, from a few objects.

No cluster runs behind it. `served` is what clients saw: the release behind the Service after each command.
"""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from carprice.names import API, CANDIDATE
from carprice.ops.kubernetes.candidate import name_release
from carprice.ops.kubernetes.cluster import SET, Cluster, Object
from carprice.system.processes import Result, Runner

NAMESPACE = "cars"
LIVE_UID = "uid-of-the-deployment"
Key = tuple[str, str]


def make_objects(release: str, image: str = "", **template: Any) -> list[Object]:
    """An overlay as it is rendered, as far as a rollout looks at it."""
    settings = f"car-price-settings-{release}"
    labels = {"app.kubernetes.io/name": "car-price", "app.kubernetes.io/component": "api", SET: "current"}
    container = {
        "name": API,
        "image": image or f"registry/api:{release}",
        "envFrom": [{"configMapRef": {"name": settings}}],
    }
    pod = {"containers": [container], "volumes": [{"name": "artifacts", "image": {"reference": "m@sha256:1"}}]}
    spec = {
        "selector": {"matchLabels": dict(labels)},
        "template": {"metadata": {"labels": dict(labels)}, "spec": {**pod, **template}},
    }
    return [
        _object("ConfigMap", settings, data={"CARPRICE_RELEASE": release}),
        _object("Service", API, spec={"selector": dict(labels)}),
        _object("Deployment", API, spec=spec, labels=dict(labels), uid=LIVE_UID, status={"replicas": 2}),
    ]


def _object(kind: str, name: str, uid: str = "", labels: Any = None, **more: Any) -> Object:
    metadata = {"name": name, "namespace": NAMESPACE, "uid": uid, "labels": labels or {}, "resourceVersion": "7"}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **copy.deepcopy(more)}


def key_of(item: Object) -> Key:
    """Kind and name."""
    return item["kind"], item["metadata"]["name"]


@dataclass
class ClusterWorld:
    """What is in the cluster and what the overlay wants. stuck: Deployments that never get ready. refused: checks
    that fail, with their last line. on_run: called before each command."""

    overlay: Path
    wanted: list[Object]
    objects: dict[Key, Object] = field(default_factory=dict)
    stuck: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    pods: list[Object] = field(default_factory=list)
    replicasets: list[Object] = field(default_factory=list)
    argvs: list[list[str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    served: list[str] = field(default_factory=list)
    on_run: Callable[[list[str]], None] = lambda _: None

    def cluster(self) -> Cluster:
        """The overlay over this world."""
        return Cluster(self.overlay, WorldRunner(self.overlay, {}, world=self))

    def start(self, objects: list[Object]) -> None:
        """Put objects there."""
        self.objects.update({key_of(item): copy.deepcopy(item) for item in objects})

    def verbs(self) -> list[str]:
        """What changed something, in short."""
        quiet = ("get", "diff", "logs", "config")
        return [" ".join(words[1:3]) for words in self.argvs if words[1] not in quiet and not _is_dry(words)]

    def run(self, words: list[str]) -> Result:
        """Do and say what kubectl would."""
        self.argvs.append(words)
        self.on_run(words)
        acts: dict[str, Callable[[list[str]], Result]] = {
            "get": self._get,
            "diff": self._diff,
            "apply": self._apply,
            "create": self._create,
            "patch": self._patch,
            "delete": self._delete,
            "rollout": self._rollout,
            "logs": self._logs,
            "config": lambda _: Result(0, "test\n"),
        }
        result = acts[words[1]](words)
        self._note_served()
        return result

    def _get(self, words: list[str]) -> Result:
        if words[2] == "--kustomize":
            found = [self.objects[key_of(item)] for item in self.wanted if key_of(item) in self.objects]
            return _print(found)
        kind, _, name = words[2].partition("/")
        if kind in ("pods", "replicasets"):
            return _print({"pods": self.pods, "replicasets": self.replicasets}[kind])
        found = [item for key, item in self.objects.items() if (key[0].lower(), key[1]) == (kind, name)]
        return Result(0, json.dumps(found[0]) if found else "")

    def _diff(self, words: list[str]) -> Result:
        changed = [item for item in self.wanted if self.objects.get(key_of(item)) != item]
        return Result(int(bool(changed)), "".join(f"+ {'/'.join(key_of(item))}\n" for item in changed))

    def _apply(self, words: list[str]) -> Result:
        if _is_dry(words):
            return _print(self.wanted)
        chosen = next((word.removeprefix("--selector=") for word in words if word.startswith("--selector=")), "")
        for item in self.wanted:
            is_live_set = item["metadata"]["labels"].get(SET) == "current"
            if chosen in ("", f"{SET}{'=' if is_live_set else '!='}current"):
                self.start([item])
        return Result(0)

    def _create(self, words: list[str]) -> Result:
        if words[2] == "job":
            self._finish_job(words[3], words[4].removeprefix("--from=cronjob/"))
            return Result(0)
        item = json.loads(Path(words[2].removeprefix("--filename=")).read_text())
        if key_of(item) in self.objects:
            return Result(1, "", "Error from server (AlreadyExists)")
        self.start([item])
        return Result(0)

    def _finish_job(self, name: str, template: str) -> None:
        end = "Failed" if template in self.refused else "Complete"
        status = {"conditions": [{"type": end, "status": "True"}]}
        self.objects["Job", name] = _object("Job", name, status=status)

    def _patch(self, words: list[str]) -> Result:
        kind, name = words[2].split("/")
        (item,) = (found for key, found in self.objects.items() if (key[0].lower(), key[1]) == (kind, name))
        patch = json.loads(next(word for word in words if word.startswith("--patch=")).removeprefix("--patch="))
        for part, change in patch.items():
            for key, value in change.items():
                old = item.setdefault(part, {}).get(key)
                item[part][key] = {**old, **value} if isinstance(old, dict) else value
        return Result(0)

    def _delete(self, words: list[str]) -> Result:
        names = {word.split("/")[1] for word in words if word.startswith("deployment/")}
        self.objects = {key: item for key, item in self.objects.items() if key[1] not in names}
        return Result(0)

    def _rollout(self, words: list[str]) -> Result:
        name = words[3].removeprefix("deployment/")
        if words[2] == "undo":
            number = words[4].removeprefix("--to-revision=")
            (old,) = (
                item for item in self.replicasets if item["metadata"]["annotations"][f"{REVISION}"] == number
            )
            self.objects["Deployment", name]["spec"]["template"] = copy.deepcopy(old["spec"]["template"])
        return Result(1, "", "timed out") if words[2] == "status" and name in self.stuck else Result(0)

    def _logs(self, words: list[str]) -> Result:
        template = words[2].removeprefix("job/").rpartition("-")[0]
        return Result(0, f"last words\n{self.refused.get(template, 'passed')}\n")

    def _note_served(self) -> None:
        service = self.objects.get(("Service", API))
        name = CANDIDATE if service and service["spec"]["selector"][SET] == "next" else API
        deployment = self.objects.get(("Deployment", name))
        release = name_release(deployment["spec"]["template"], list(self.objects.values())) if deployment else ""
        if self.served[-1:] != [f"{name} {release}"]:
            self.served.append(f"{name} {release}")


REVISION = "deployment.kubernetes.io/revision"


def make_replicaset(deployment: Object, revision: int) -> Object:
    """The ReplicaSet that a Deployment has of a template."""
    metadata = {
        "name": f"{API}-{revision}",
        "namespace": NAMESPACE,
        "annotations": {REVISION: str(revision)},
        "ownerReferences": [{"uid": LIVE_UID}],
    }
    return {"kind": "ReplicaSet", "metadata": metadata, "spec": {"template": deployment["spec"]["template"]}}


def make_pod(name: str, *, component: str = "api", which: str = "current", **status: Any) -> Object:
    """A pod; status: more of it than that it runs."""
    labels = {"app.kubernetes.io/component": component, SET: which}
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
        "status": {"phase": "Running", **status},
    }


def _is_dry(words: list[str]) -> bool:
    return "--dry-run=server" in words


def _print(objects: list[Object]) -> Result:
    return Result(0, json.dumps({"kind": "List", "items": objects}) if objects else "")


@dataclass(frozen=True)
class WorldRunner(Runner):
    """A runner that asks the world."""

    world: ClusterWorld = field(kw_only=True)

    def try_run(self, argv: list[str], seconds: float = 0) -> Result:
        """Nothing is run."""
        return self.world.run(argv)
