"""A rollout: the new release beside the old one, proven, switched to, watched; or the old one as before."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from carprice.errors import CarPriceError, FileError, StackError
from carprice.model.bundle.manifest import usable_champion
from carprice.names import API, CANDIDATE, LOG_HINT
from carprice.ops.docker import compose_argv
from carprice.ops.docker.build import build_image
from carprice.ops.docker.containers import list_containers
from carprice.ops.docker.images import find_image, forget_images, list_kept, resolve_image
from carprice.ops.docker.up_checks import check_folder
from carprice.ops.doctor.diagnosis import add_findings, diagnose, explained
from carprice.ops.doctor.snapshot_docker import take_snapshot
from carprice.ops.edge.haproxy import CURRENT
from carprice.ops.edge.rates import prepare_keys
from carprice.ops.edge.traffic import TrafficMonitor, TrafficReport, monitor_traffic
from carprice.ops.journal import who
from carprice.ops.lock import Lock, hold_lock
from carprice.ops.release import LATEST, Release, next_name
from carprice.ops.rollout import preflight
from carprice.ops.rollout.gates import GateError
from carprice.ops.rollout.history import LIVE, Entry, list_live, list_releases
from carprice.ops.rollout.hooks import run_hook
from carprice.ops.rollout.live_release import running_of
from carprice.ops.rollout.readiness import quote_log
from carprice.ops.rollout.recovery import make_champion, note_takeover, reconcile, restore, turn_back
from carprice.ops.rollout.steps import Plan, RolloutRun
from carprice.ops.stack_context import StackContext, first_line

ROLLOUT = "rollout"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FAILED = "failed"


@dataclass(frozen=True)
class Wanted:
    """What is asked to be live. Empty means: the latest image, the champion. build: build that one first."""

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
    proof: TrafficReport | None = None
    seconds: dict[str, float] = field(default_factory=dict)


def roll_out(context: StackContext, wanted: Wanted, record: Callable[..., Any] | None = None) -> Outcome:
    """Make image and model live without losing a request, or change nothing; MLflow learns of a new champion.

    record: what tells MLflow, instead of record_rollout as it stands.
    Raises StackError, GateError or BundleError with the reason; the old release then serves as before.
    """
    with (
        stop_on_signals(),
        record_champion(context, record),
        hold_lock(context.lock_file, ROLLOUT, lambda holder: note_takeover(context, holder)) as lock,
    ):
        with explained(lambda: take_snapshot(context)):
            check_folder(context, list_containers(context.runner))
            prepare_keys(context)
            old = reconcile(context)
            if wanted.build:
                wanted = replace(wanted, image=build_image(context).image)
            plan = make_plan(context, wanted, old)
            if plan is None:
                return Outcome(old.name, changed=False, model=old.model)
            open_release(context, plan, lock)
        started = time.monotonic()
        with monitor_traffic(context.edge) as monitor, restore_on_failure(context, plan, monitor, started):
            run = RolloutRun(context, plan, lock, monitor)
            run.start_candidate()
            run.wait_for_candidate()
            run.pass_gates()
            run.replay_requests()
            run.switch_to_candidate()
            run.drain_old_set()
            run.bake()
            run.replace_old_set()
            run.remove_candidate()
        return _finish(context, plan, monitor.sum_up(), run.seconds, time.monotonic() - started)


def make_plan(context: StackContext, wanted: Wanted, old: Release) -> Plan | None:
    """Check everything that can be checked beforehand; None where what is wanted already serves."""
    context.runner.run(compose_argv.check_compose())
    live = preflight.list_live(context)
    preflight.check_network(context, live)
    image = resolve_image(context.runner, wanted.image or LATEST)
    image_id = find_image(context.runner, image)
    new = Release(name_next(context), image, preflight.resolve_model(context, wanted.model))
    manifest = preflight.check_model(context, new.model)
    if preflight.is_live(live, image_id, new, old):
        return None
    preflight.check_room(context, live)
    preflight.warn_of_mlflow(context)
    return Plan(old, new, image_id, live, manifest, wanted.accept_price_shift, wanted.back_to)


def name_next(context: StackContext) -> str:
    """The name of the next release: none that the journal knows or that an image has."""
    return next_name([*(entry.name for entry in list_releases(context.journal)), *list_kept(context)])


def open_release(context: StackContext, plan: Plan, lock: Lock) -> None:
    """The last thing before anything is created: the hook that may refuse, and the journal."""
    lock.note(release=plan.new.name)
    run_hook(context, "pre-rollout", plan.new)
    kept = plan.kept(context)
    context.journal.add("begin", release=kept.name, image=kept.image, model=kept.model, old=plan.old.name, **who())


@contextmanager
def record_champion(context: StackContext, record: Callable[..., Any] | None = None) -> Iterator[None]:
    """Tell MLflow of the champion where the block changed it."""
    before = usable_champion(context.artifacts_dir)
    try:
        yield
    finally:
        champion = usable_champion(context.artifacts_dir)
        if champion and champion != before:
            from carprice.tracking.promotion import record_rollout  # MLflow takes seconds to import

            try:
                (record or record_rollout)(champion, before, context.settings, context.say)
            except FileError as error:  # what serves is not in question
                context.say(f"Warning: {error.what}. {error.hint}")


def _finish(
    context: StackContext, plan: Plan, proof: TrafficReport, steps: dict[str, float], seconds: float
) -> Outcome:
    name, model = plan.new.name, plan.new.model
    make_champion(context, plan.new)
    problem = context.journal.try_add(
        "done",
        release=name,
        outcome=LIVE,
        seconds=round(seconds, 3),
        back_to=plan.back_to,
        steps=steps,
        **proof.as_dict(),
    )
    if problem:
        context.say(f"Warning: {name} is live, but the journal does not say so: {problem}")
    run_hook(context, "post-rollout", plan.new)
    _forget_images(context, name)
    return Outcome(name, changed=True, model=model, proof=proof, seconds=steps)


@contextmanager
def restore_on_failure(
    context: StackContext, plan: Plan, monitor: TrafficMonitor, started: float
) -> Iterator[None]:
    """Any way out of the block but its end leaves the old release serving, or the new one if it replaced that."""
    try:
        yield
    except BaseException as error:
        try:
            _explain(context, plan, error)
        finally:
            # Whatever the diagnosis does, one way out is taken.
            with ignore_signals():
                if _has_replaced(context, plan):
                    _complete(context, plan, monitor, started)
                else:
                    _return_to_old(context, plan, monitor, started, error)
        raise


def _has_replaced(context: StackContext, plan: Plan) -> bool:
    """Whether the new release serves from the plain set already: going back would cost requests."""
    return context.edge.pinned() == CURRENT and bool(running_of(list_containers(context.runner, API), plan.new))


def _complete(context: StackContext, plan: Plan, monitor: TrafficMonitor, started: float) -> None:
    context.say(f"{plan.new.name} has replaced {plan.old.name} already, so it stays ...")
    restore(context, plan.kept(context))
    proof = monitor.sum_up()
    _finish(context, plan, proof, {}, time.monotonic() - started)
    context.say(f"{plan.new.name} is live: {proof}")


def _return_to_old(
    context: StackContext, plan: Plan, monitor: TrafficMonitor, started: float, error: BaseException
) -> None:
    context.say(f"Going back to {plan.old.name} ...")
    restore(context, plan.old)
    proof = monitor.sum_up()
    context.journal.try_add(
        "done",
        release=plan.new.name,
        outcome=FAILED,
        seconds=round(time.monotonic() - started, 3),
        reason=first_line(error),
        gate=error.gate if isinstance(error, GateError) else None,
        **proof.as_dict(),
    )
    context.say(f"{plan.old.name} serves as before: {proof}")
    run_hook(context, "on-failure", plan.new)
    _forget_images(context, plan.old.name)


def _explain(context: StackContext, plan: Plan, error: BaseException) -> None:
    """Let the error say what the candidate logged and the doctor finds while it runs, but first switch back."""
    if not isinstance(error, StackError):
        return
    has_switched = context.edge.pinned() != CURRENT
    with suppress(CarPriceError):
        turn_back(context, plan.old)
        if error.hint == LOG_HINT:
            replicas = [item for name in (CANDIDATE, API) for item in list_containers(context.runner, name)]
            named = [replica for replica in replicas if replica.name in error.what]
            error.hint = quote_log(context, (named or replicas)[0]) if replicas else ""
        if not isinstance(error, GateError) and not has_switched:
            add_findings(error, diagnose(take_snapshot(context)))


def _forget_images(context: StackContext, live: str) -> None:
    """Remove the image names of releases that failed or are beyond those kept."""
    kept = [entry.name for entry in list_live(context.journal)[-context.limits.keep_releases :]]
    known: list[Entry] = list_releases(context.journal)
    forget_images(context, known, [*kept, live])


def stop_on_signals() -> AbstractContextManager[None]:
    """A plain kill and a closed terminal stop a rollout as Ctrl-C does: in order."""
    return _handle_signals(signal.default_int_handler)


def ignore_signals() -> AbstractContextManager[None]:
    """A second Ctrl-C does not break off the way back."""
    return _handle_signals(signal.SIG_IGN)


@contextmanager
def _handle_signals(handler: Any) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
