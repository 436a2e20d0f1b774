"""The Jobs before and after the switch: started from their templates, followed to their end."""

import time

from carprice.errors import StackError
from carprice.ops.kubernetes import argv
from carprice.ops.kubernetes.cluster import Cluster, Object
from carprice.ops.kubernetes.pods import describe_pod
from carprice.ops.stack_context import Say
from carprice.system.waiting import wait_for

GATES, BAKE = "car-price-gates", "car-price-bake"
"""The CronJobs of kubernetes/base/checks.yaml, which no clock starts."""
SECONDS = 960.0
LOG_LINES = 30
MAX_PAUSE_SECONDS = 2.0


def run_check(cluster: Cluster, template: str, say: Say) -> None:
    """Run one to its end and show what it prints. Raises StackError with its last line where it fails."""
    name = f"{template}-{int(time.time())}"
    cluster.ask(argv.create_job(cluster.namespace, name, template))
    job = wait_for(lambda: _look(cluster, name), SECONDS, _end_of, max_pause=MAX_PAUSE_SECONDS)
    log = cluster.runner.try_run(argv.show_logs(cluster.namespace, f"job/{name}", LOG_LINES)).stdout
    lines = log.strip().splitlines()
    for line in lines:
        say(f"  {line}")
    if _end_of(job) != "Complete":
        pods = [describe_pod(pod) for pod in cluster.pods(f"job-name={name}")]
        reason = lines[-1] if lines else "; ".join(pods) or "its pod never started"
        raise StackError(
            f"{template} refuses the candidate: {reason}", f"Its pod stays a day: kubectl logs job/{name}"
        )


def _look(cluster: Cluster, name: str) -> Object:
    found = cluster.get(f"job/{name}")
    return found[0] if found else {}


def _end_of(job: Object) -> str:
    """Complete, Failed, or empty while it runs."""
    for condition in job.get("status", {}).get("conditions", []):
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
            return str(condition["type"])
    return ""
