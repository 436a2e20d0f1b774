"""A rollout: the new release beside the old one, proven, switched to, watched; or the old one as before."""

import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from carprice.deploy import argv, preflight
from carprice.deploy.bake import mean_price, watch_bake
from carprice.deploy.candidate import start_set, wait_for_health, warm_up
from carprice.deploy.edge import CURRENT, NEXT
from carprice.deploy.gates import GateError, check_contract, check_golden, check_identity
from carprice.deploy.history import list_releases
from carprice.deploy.hooks import run_hook
from carprice.deploy.journal import who
from carprice.deploy.lock import Lock, hold_lock
from carprice.deploy.proof import Proof, Witness, witness_traffic
from carprice.deploy.release import DEFAULT_IMAGE, Release, image_of, next_name, pin_candidate, pin_release
from carprice.deploy.replicas import Replica
from carprice.deploy.restore import drain, note_takeover, reconcile, remove_candidate, restore
from carprice.deploy.shadow import check_shift, measure_shift, read_sample
from carprice.deploy.site import Site


@dataclass(frozen=True)
class Wanted:
    """What somebody asks to be live. Empty means: the latest image, the champion."""

    image: str = ""
    model: str = ""
    accept_price_shift: bool = False
    back_to: str = ""


@dataclass(frozen=True)
class Plan:
    """What will happen: from which release to which, and what is known of the new model."""

    old: Release
    new: Release
    live: list[Replica]
    manifest: Mapping[str, Any] | None
    accept_price_shift: bool
    back_to: str = ""


@dataclass
class Outcome:
    """How a rollout ended."""

    release: str
    changed: bool
    proof: Proof | None = None
    seconds: dict[str, float] = field(default_factory=dict)


def roll_out(site: Site, wanted: Wanted) -> Outcome:
    """Make image and model live without losing a request, or change nothing.

    Raises StackError, GateError or BundleError with the reason; the old release then serves as before.
    """
    name = next_name([entry.name for entry in list_releases(site.journal)])
    with _stoppable(), hold_lock(site.lock_file, name, lambda holder: note_takeover(site, holder)) as lock:
        reconcile(site)
        plan = make_plan(site, wanted, name)
        if plan is None:
            return Outcome(site.live.name, changed=False)
        run_hook(site, "pre-rollout", plan.new)
        site.journal.add(
            "begin", release=name, image=plan.new.image, model=plan.new.model, old=plan.old.name, **who()
        )
        started = time.monotonic()
        with _undone(site, plan, started), witness_traffic(site.runner) as witness:
            candidate = _bring_up(site, plan, lock)
            _pass_gates(site, plan, candidate)
            _switch(site, plan, lock, witness, candidate)
            _replace(site, plan, lock)
            proof = witness.sum_up()
        return _finish(site, plan, proof, time.monotonic() - started)


def make_plan(site: Site, wanted: Wanted, name: str) -> Plan | None:
    """Check everything that can be checked beforehand; None where what is wanted already serves."""
    site.runner.run(argv.check_compose())
    live = preflight.list_live(site)
    image = wanted.image or DEFAULT_IMAGE
    image_id = preflight.find_image(site.runner, image)
    new = Release(name, image, preflight.resolve_model(site, wanted.model))
    manifest = preflight.check_model(site, new.model)
    if preflight.is_live(live, image_id, new):
        return None
    preflight.check_room(site, live)
    return Plan(site.live, new, live, manifest, wanted.accept_price_shift, wanted.back_to)


def _bring_up(site: Site, plan: Plan, lock: Lock) -> list[Replica]:
    lock.note_step("start")
    new, count = plan.new, site.limits.replicas
    with site.step("start", new.name, f"Starting {new.name} beside {plan.old.name}", f"Started {new.name}"):
        _keep_images(site, plan)
        pin_candidate(site.env_file, Release(new.name, preflight.keep_image(site, new.image, new.name), new.model))
        start_set(site, argv.NEXT)
    lock.note_step("health")
    with site.step("health", new.name, f"Waiting until {count} replicas are healthy", "Healthy"):
        candidate = wait_for_health(site, argv.NEXT, count)
    lock.note_step("warm-up")
    with site.step("warm-up", new.name, "Warming up", "Warm"):
        warm_up(site, candidate)
    return candidate


def _pass_gates(site: Site, plan: Plan, candidate: list[Replica]) -> None:
    files = (plan.manifest or {}).get("files", {})
    with site.step("gates", plan.new.name, "Testing identity, contract and golden valuations", "Passed"):
        check_identity(candidate, plan.new, files.get("model.pkl", {}).get("sha256"))
        check_contract(candidate, plan.live[0])
        if plan.manifest:
            check_golden(candidate, plan.manifest["golden"])
    with site.step("shadow", plan.new.name, "Replaying recent requests through both", "Compared"):
        _replay(site, plan, candidate[0])


def _replay(site: Site, plan: Plan, candidate: Replica) -> None:
    listings = read_sample(site.logs_dir, site.limits.shadow_listings)
    if not listings:
        # Without recent requests the new model's golden listings stand for them.
        listings = [item["listing"] for item in (plan.manifest or {}).get("golden", [])]
    shift = measure_shift(plan.live[0], candidate, listings)
    site.journal.add("shift", release=plan.new.name, compared=shift.compared, median=shift.median, p95=shift.p95)
    for line in shift.table():
        site.say(line)
    if not plan.accept_price_shift:
        check_shift(shift, site.limits)


def _switch(site: Site, plan: Plan, lock: Lock, witness: Witness, candidate: list[Replica]) -> None:
    new = plan.new
    before, old_mean = site.edge.traffic(CURRENT), mean_price(plan.live)
    lock.note_step("switch")
    with site.step("switch", new.name, f"Switching the traffic to {new.name}", "Switched"):
        site.edge.wait_until_ready(NEXT, len(candidate), site.limits.health_deadline)
        witness.mark()
        site.edge.switch(NEXT)
    run_hook(site, "post-switch", new)
    lock.note_step("drain")
    with site.step("drain", new.name, f"Draining {plan.old.name}", "Drained"):
        left = drain(site, CURRENT)
        if left:
            witness.add_cut(left)
            site.say(f"  {left} requests were still in hand after {site.limits.drain:g} s")
    lock.note_step("bake")
    with site.step("bake", new.name, f"Watching {new.name} for {site.limits.bake:g} s", "No trouble"):
        watch_bake(site, candidate, before, old_mean, plan.accept_price_shift)


def _replace(site: Site, plan: Plan, lock: Lock) -> None:
    """Make the plain compose state the new release, and leave no candidate."""
    new = Release(plan.new.name, image_of(plan.new.name), plan.new.model)
    count = site.limits.replicas
    lock.note_step("replace")
    with site.step("replace", new.name, f"Replacing {plan.old.name}", f"Replaced {plan.old.name}"):
        pin_release(site.env_file, new)
        start_set(site, argv.API, recreate=True)
        replicas = wait_for_health(site, argv.API, count)
        warm_up(site, replicas)
        check_identity(replicas, new, None)
        site.edge.wait_until_ready(CURRENT, count, site.limits.health_deadline)
        site.edge.switch(CURRENT)
        drain(site, NEXT)
    lock.note_step("remove")
    with site.step("remove", new.name, "Removing the candidate", "Removed the candidate"):
        remove_candidate(site)


def _finish(site: Site, plan: Plan, proof: Proof, seconds: float) -> Outcome:
    name = plan.new.name
    steps = {
        line["step"]: line["seconds"]
        for line in site.journal.lines()
        if line["event"] == "step" and line.get("release") == name
    }
    site.journal.add(
        "done", release=name, outcome="live", seconds=round(seconds, 3), back_to=plan.back_to, **proof.as_dict()
    )
    run_hook(site, "post-rollout", plan.new)
    _forget_images(site)
    return Outcome(name, changed=True, proof=proof, seconds=steps)


@contextmanager
def _undone(site: Site, plan: Plan, started: float) -> Iterator[None]:
    """Any way out of the block but its end leaves the old release serving, and says so."""
    try:
        yield
    except BaseException as error:
        gate = error.gate if isinstance(error, GateError) else None
        site.say(f"Going back to {plan.old.name} ...")
        with _deaf():
            restore(site, plan.old)
        seconds = round(time.monotonic() - started, 3)
        reason = (str(error) or type(error).__name__).splitlines()[0]
        site.journal.add(
            "done", release=plan.new.name, outcome="failed", seconds=seconds, reason=reason, gate=gate
        )
        site.say(f"{plan.old.name} serves as before")
        run_hook(site, "on-failure", plan.new)
        raise


def _keep_images(site: Site, plan: Plan) -> None:
    """Name the old release's image after it too, so that a rollback finds it."""
    if plan.old.image == DEFAULT_IMAGE:
        preflight.keep_image(site, plan.live[0].image, plan.old.name)


def _forget_images(site: Site) -> None:
    """Remove the image names of releases that are beyond those kept."""
    live = [entry.name for entry in list_releases(site.journal) if entry.outcome == "live"]
    for name in live[: -site.limits.keep_releases]:
        site.runner.try_run(argv.remove_image(image_of(name)))


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM stops a rollout as Ctrl-C does: in order."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _deaf() -> Iterator[None]:
    """A second Ctrl-C does not break off the way back."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
