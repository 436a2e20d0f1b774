"""A rollout: the new release beside the old one, proven, switched to, watched; or the old one as before."""

import signal
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from carprice.errors import CarPriceError, StackError
from carprice.ops.docker import argv
from carprice.ops.docker.build import build_image
from carprice.ops.docker.containers import list_containers
from carprice.ops.docker.env_file import LATEST, Release, next_name
from carprice.ops.docker.images import find_image, forget_images, list_kept, resolve_image
from carprice.ops.docker.replicas import SEE_LOG, list_replicas
from carprice.ops.doctor.checks import add_findings, diagnose
from carprice.ops.doctor.snapshot import look_at_docker
from carprice.ops.edge.haproxy import CURRENT
from carprice.ops.edge.traffic import Proof, Witness, witness_traffic
from carprice.ops.rollout import preflight
from carprice.ops.rollout.gates import GateError
from carprice.ops.rollout.history import LIVE, Entry, list_live, list_releases
from carprice.ops.rollout.hooks import run_hook
from carprice.ops.rollout.journal import who
from carprice.ops.rollout.live_release import running_of
from carprice.ops.rollout.lock import Lock, hold_lock
from carprice.ops.rollout.readiness import quote_log
from carprice.ops.rollout.recovery import make_champion, note_takeover, reconcile, restore, turn_back
from carprice.ops.rollout.steps import Act, Plan
from carprice.ops.stack_context import Site, first_line
from carprice.ops.stacks.up_checks import check_folder

ROLLOUT = "rollout"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FAILED = "failed"


@dataclass(frozen=True)
class Wanted:
    """What somebody asks to be live. Empty means: the latest image, the champion. build: build that one first."""

    image: str = ""
    model: str = ""
    accept_price_shift: bool = False
    back_to: str = ""
    build: bool = False


@dataclass
class Outcome:
    """How a rollout ended."""

    release: str
    changed: bool
    model: str = ""
    proof: Proof | None = None
    seconds: dict[str, float] = field(default_factory=dict)


def roll_out(site: Site, wanted: Wanted) -> Outcome:
    """Make image and model live without losing a request, or change nothing.

    Raises StackError, GateError or BundleError with the reason; the old release then serves as before.
    """
    with _stoppable(), hold_lock(site.lock_file, ROLLOUT, lambda holder: note_takeover(site, holder)) as lock:
        check_folder(site, list_containers(site.runner))
        old = reconcile(site)
        if wanted.build:
            wanted = replace(wanted, image=build_image(site).image)
        plan = make_plan(site, wanted, old)
        if plan is None:
            return Outcome(old.name, changed=False, model=old.model)
        begin(site, plan, lock)
        started = time.monotonic()
        with witness_traffic(site.edge) as witness, _undone(site, plan, witness, started):
            act = Act(site, plan, lock, witness)
            act.start_candidate()
            act.wait_for_candidate()
            act.pass_gates()
            act.replay_requests()
            act.switch_to_candidate()
            act.drain_old_set()
            act.bake()
            act.replace_old_set()
            act.remove_candidate()
        return _finish(site, plan, witness.sum_up(), act.seconds, time.monotonic() - started)


def make_plan(site: Site, wanted: Wanted, old: Release) -> Plan | None:
    """Check everything that can be checked beforehand; None where what is wanted already serves."""
    site.runner.run(argv.check_compose())
    live = preflight.list_live(site)
    preflight.check_network(site, live)
    image = resolve_image(site.runner, wanted.image or LATEST)
    image_id = find_image(site.runner, image)
    new = Release(name_next(site), image, preflight.resolve_model(site, wanted.model))
    manifest = preflight.check_model(site, new.model)
    if preflight.is_live(live, image_id, new, old):
        return None
    preflight.check_room(site, live)
    preflight.warn_of_mlflow(site)
    return Plan(old, new, image_id, live, manifest, wanted.accept_price_shift, wanted.back_to)


def name_next(site: Site) -> str:
    """The name of the next release: none that the journal knows or that an image has."""
    return next_name([*(entry.name for entry in list_releases(site.journal)), *list_kept(site)])


def begin(site: Site, plan: Plan, lock: Lock) -> None:
    """The last thing before anything is created: the hook that may refuse, and the journal."""
    lock.note(release=plan.new.name)
    run_hook(site, "pre-rollout", plan.new)
    kept = plan.kept(site)
    site.journal.add("begin", release=kept.name, image=kept.image, model=kept.model, old=plan.old.name, **who())


def _finish(site: Site, plan: Plan, proof: Proof, steps: dict[str, float], seconds: float) -> Outcome:
    name, model = plan.new.name, plan.new.model
    site.journal.add(
        "done",
        release=name,
        outcome=LIVE,
        seconds=round(seconds, 3),
        back_to=plan.back_to,
        steps=steps,
        **proof.as_dict(),
    )
    make_champion(site, plan.new)
    run_hook(site, "post-rollout", plan.new)
    _forget_images(site, name)
    return Outcome(name, changed=True, model=model, proof=proof, seconds=steps)


@contextmanager
def _undone(site: Site, plan: Plan, witness: Witness, started: float) -> Iterator[None]:
    """Any way out of the block but its end leaves the old release serving, or the new one if it replaced that."""
    try:
        yield
    except BaseException as error:
        try:
            _explain(site, plan, error)
        finally:
            # Whatever the diagnosis does, one way out is taken.
            with _deaf():
                if _has_replaced(site, plan):
                    _go_on(site, plan, witness, started)
                else:
                    _go_back(site, plan, witness, started, error)
        raise


def _has_replaced(site: Site, plan: Plan) -> bool:
    """Whether the new release serves from the plain set already; the old one is gone, so going back would cost."""
    return site.edge.pinned() == CURRENT and bool(running_of(list_replicas(site.runner, argv.API), plan.new))


def _go_on(site: Site, plan: Plan, witness: Witness, started: float) -> None:
    site.say(f"{plan.new.name} has replaced {plan.old.name} already, so it stays ...")
    restore(site, plan.kept(site))
    proof = witness.sum_up()
    _finish(site, plan, proof, {}, time.monotonic() - started)
    site.say(f"{plan.new.name} is live: {proof}")


def _go_back(site: Site, plan: Plan, witness: Witness, started: float, error: BaseException) -> None:
    site.say(f"Going back to {plan.old.name} ...")
    restore(site, plan.old)
    proof = witness.sum_up()
    site.journal.try_add(
        "done",
        release=plan.new.name,
        outcome=FAILED,
        seconds=round(time.monotonic() - started, 3),
        reason=first_line(error),
        gate=error.gate if isinstance(error, GateError) else None,
        **proof.as_dict(),
    )
    site.say(f"{plan.old.name} serves as before: {proof}")
    run_hook(site, "on-failure", plan.new)
    _forget_images(site, plan.old.name)


def _explain(site: Site, plan: Plan, error: BaseException) -> None:
    """Let the error say what the candidate logged and the doctor finds while it is there, but first turn back."""
    if not isinstance(error, StackError):
        return
    has_switched = site.edge.pinned() != CURRENT
    with suppress(CarPriceError):
        turn_back(site, plan.old)
        if error.hint == SEE_LOG:
            replicas = [item for name in (argv.NEXT, argv.API) for item in list_replicas(site.runner, name)]
            named = [replica for replica in replicas if replica.name in error.what]
            error.hint = quote_log(site, (named or replicas)[0]) if replicas else ""
        if not isinstance(error, GateError) and not has_switched:
            add_findings(error, diagnose(look_at_docker(site)))


def _forget_images(site: Site, live: str) -> None:
    """Remove the image names of releases that failed or are beyond those kept."""
    kept = [entry.name for entry in list_live(site.journal)[-site.limits.keep_releases :]]
    known: list[Entry] = list_releases(site.journal)
    forget_images(site, known, [*kept, live])


def _stoppable() -> AbstractContextManager[None]:
    """A plain kill and a closed terminal stop a rollout as Ctrl-C does: in order."""
    return _handled(signal.default_int_handler)


def _deaf() -> AbstractContextManager[None]:
    """A second Ctrl-C does not break off the way back."""
    return _handled(signal.SIG_IGN)


@contextmanager
def _handled(handler: Any) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
