"""Back on Kubernetes: out of a rollout that was broken off, else to the template before the live one."""

from carprice.errors import StackError
from carprice.names import API, CANDIDATE
from carprice.ops.kubernetes import argv
from carprice.ops.kubernetes.argo import abort_rollout, find_rollout
from carprice.ops.kubernetes.candidate import what_runs
from carprice.ops.kubernetes.cluster import API_PODS, CURRENT, NEXT, Cluster, Object
from carprice.ops.kubernetes.rollout import ClusterOutcome, sum_up
from carprice.ops.kubernetes.steps import ClusterRun, find_deployment, name_live, point_service, wait_rolled_out
from carprice.ops.rollout.rollout import stop_on_signals
from carprice.ops.stack_context import Say

REVISION = "deployment.kubernetes.io/revision"


def roll_back_overlay(cluster: Cluster, say: Say) -> ClusterOutcome:
    """End a rollout that was broken off on its old set, or make the template before the live one live again.

    What comes back was accepted once: its pods must be ready, and pass no other gate. Raises StackError where
    there is nothing to go back to.
    """
    with stop_on_signals():
        live = find_deployment(cluster, cluster.live)
        if find_rollout(cluster.live):
            abort_rollout(cluster)
            say("Argo goes back to the old pods")
            return ClusterOutcome(name_live(cluster, live), changed=True)
        if candidates := cluster.get(f"deployment/{CANDIDATE}"):
            return _leave_candidate(cluster, live, candidates[0], say)
        earlier = find_earlier(cluster, live)
        template = earlier["spec"]["template"]
        run = ClusterRun(cluster, say, name_live(cluster, earlier))
        with run.returning_on_failure():
            run.start_candidate(live, live, template)
            run.switch_to(NEXT)
            run.replace_current(argv.undo_deployment(cluster.namespace, API, _revision(earlier)))
        return sum_up(run.release, template, run.seconds)


def find_earlier(cluster: Cluster, live: Object) -> Object:
    """The newest ReplicaSet of the Deployment with another template. Raises StackError where there is none."""
    owned = [item for item in cluster.get("replicasets", API_PODS) if _owner(item) == live["metadata"]["uid"]]
    running = what_runs(live["spec"]["template"])
    earlier = [item for item in owned if what_runs(item["spec"]["template"]) != running]
    if not earlier:
        raise StackError(
            f"{API} has no earlier release in the cluster: there is none to go back to",
            f"See: kubectl rollout history deployment/{API} --namespace {cluster.namespace}",
        )
    return max(earlier, key=_revision)


def _leave_candidate(cluster: Cluster, live: Object, candidate: Object, say: Say) -> ClusterOutcome:
    if what_runs(live["spec"]["template"]) == what_runs(candidate["spec"]["template"]):
        say(f"Giving {API} its earlier template ...")
        live = find_earlier(cluster, live)
        cluster.ask(argv.undo_deployment(cluster.namespace, API, _revision(live)))
        wait_rolled_out(cluster, API)
    point_service(cluster, CURRENT)
    cluster.delete([f"deployment/{CANDIDATE}"])
    say(f"Removed {CANDIDATE}")
    return sum_up(name_live(cluster, live), live["spec"]["template"], {})


def _owner(item: Object) -> str:
    return str(next((owner["uid"] for owner in item["metadata"].get("ownerReferences", [])), ""))


def _revision(item: Object) -> int:
    return int(item["metadata"].get("annotations", {}).get(REVISION, 0))
