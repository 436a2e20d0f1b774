"""The argv of every `kubectl` command the product runs. Pure: lists in, lists out.

Which cluster: kubectl's own choice, the current context of KUBECONFIG.
"""

from collections.abc import Sequence
from pathlib import Path

REQUEST_SECONDS = 30
"""What one request to the API server may take; waiting and following have no such limit."""
_SOON = f"--request-timeout={REQUEST_SECONDS}s"


def show_context() -> list[str]:
    """The name of the context that every command goes to."""
    return ["kubectl", "config", "current-context"]


def get_overlay(overlay: Path) -> list[str]:
    """What of an overlay is in the cluster, as JSON; nothing at all where nothing is."""
    return ["kubectl", "get", "--kustomize", str(overlay), "--ignore-not-found", "--output=json", _SOON]


def render_overlay(overlay: Path) -> list[str]:
    """What the API server would make of an overlay, as JSON; it refuses what it would refuse then."""
    return ["kubectl", "apply", "--kustomize", str(overlay), "--dry-run=server", "--output=json", _SOON]


def diff_overlay(overlay: Path) -> list[str]:
    """What applying an overlay would change: exit code 0 for nothing, 1 for something, more for an error."""
    return ["kubectl", "diff", "--kustomize", str(overlay), _SOON]


def apply_overlay(overlay: Path, selector: str = "") -> list[str]:
    """Apply an overlay, or what of it has the labels."""
    return ["kubectl", "apply", "--kustomize", str(overlay), *([f"--selector={selector}"] if selector else [])]


def get_objects(namespace: str, what: str, selector: str = "") -> list[str]:
    """One object (`kind/name`), or those of a kind with the labels, as JSON; nothing where it is not there."""
    chosen = [f"--selector={selector}"] if selector else ["--ignore-not-found"]
    return ["kubectl", "get", what, *chosen, f"--namespace={namespace}", "--output=json", _SOON]


def create_objects(file: Path) -> list[str]:
    """Create what a file describes; it must not be there."""
    return ["kubectl", "create", f"--filename={file}", _SOON]


def create_job(namespace: str, name: str, template: str) -> list[str]:
    """Start a Job from a CronJob that no clock starts."""
    return ["kubectl", "create", "job", name, f"--from=cronjob/{template}", f"--namespace={namespace}", _SOON]


def patch_object(namespace: str, what: str, patch: str, subresource: str = "") -> list[str]:
    """Merge JSON into an object."""
    more = [f"--subresource={subresource}"] if subresource else []
    return ["kubectl", "patch", what, "--type=merge", f"--patch={patch}", *more, f"--namespace={namespace}", _SOON]


def wait_rolled_out(namespace: str, deployment: str, seconds: float) -> list[str]:
    """Wait until a Deployment's pods are all of its template and available."""
    what = f"deployment/{deployment}"
    return ["kubectl", "rollout", "status", what, f"--timeout={seconds:g}s", f"--namespace={namespace}"]


def restart_deployment(namespace: str, deployment: str) -> list[str]:
    """Replace a Deployment's pods by new ones of the same template."""
    return ["kubectl", "rollout", "restart", f"deployment/{deployment}", f"--namespace={namespace}", _SOON]


def undo_deployment(namespace: str, deployment: str, revision: int) -> list[str]:
    """Give a Deployment the template of an earlier revision."""
    what = [f"deployment/{deployment}", f"--to-revision={revision}"]
    return ["kubectl", "rollout", "undo", *what, f"--namespace={namespace}", _SOON]


def delete_objects(namespace: str, names: Sequence[str]) -> list[str]:
    """Remove objects (`kind/name`) without waiting until their pods have ended."""
    return ["kubectl", "delete", *names, "--ignore-not-found", "--wait=false", f"--namespace={namespace}", _SOON]


def show_logs(namespace: str, what: str, lines: int, *, follow: bool = False) -> list[str]:
    """The last log lines of a Job (`job/name`), or of all pods with labels, each behind its pod's name."""
    chosen = [what] if "/" in what and "=" not in what else [f"--selector={what}", "--prefix"]
    more = ["--follow", "--max-log-requests=50"] if follow else []
    return ["kubectl", "logs", *chosen, f"--tail={lines}", *more, f"--namespace={namespace}"]
