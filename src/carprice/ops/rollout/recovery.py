"""Back to the plain state: one set serves, it is the release that .env pins, and no candidate is left.

The same act ends a rollout that failed at any step and repairs what a killed one left behind, whatever that was.
"""

from contextlib import suppress
from typing import Any

from carprice.model.bundle.manifest import set_champion, usable_champion
from carprice.names import API, CANDIDATE
from carprice.ops.docker import argv
from carprice.ops.docker.containers import list_containers
from carprice.ops.docker.env_file import read_env, repair_env
from carprice.ops.docker.images import keep_image
from carprice.ops.edge.haproxy import CURRENT, NEXT, EdgeDownError
from carprice.ops.journal import who
from carprice.ops.release import NEXT_PINS, Release, pin_release, read_release
from carprice.ops.rollout.history import LIVE, UNDER_WAY, Entry, list_releases
from carprice.ops.rollout.live_release import find_live, is_set_of, running_of
from carprice.ops.rollout.readiness import start_set, wait_for_health
from carprice.ops.stack_context import StackContext
from carprice.system.waiting import wait_for

STOPPED = ("created", "exited", "dead")


def reconcile(context: StackContext) -> Release:
    """Repair what a killed rollout left, and return the release that is live.

    Call it holding the lock, so that no rollout is under way. Raises StackError where the stack is not up.
    """
    if torn := repair_env(context.env_file):
        context.say(f"Took a torn last line away from {context.env_file}: {torn!r}")
    live = find_live(context)
    serving = running_of(list_containers(context.runner, API), live)
    context.edge.find_container()
    if serving and not context.edge.pinned():
        context.edge.switch(CURRENT)
    if serving:
        image = keep_image(context, serving[0].image_id, live.name)
        live = Release(live.name, image, live.model)
    entries = list_releases(context.journal)
    under_way = [entry.name for entry in entries if entry.outcome == UNDER_WAY]
    if live.name not in under_way:
        _adopt(context, live, entries)
    if has_leftovers(context, live) or under_way:
        context.say(f"A rollout was cut short; {live.name} stays live, the rest is taken away ...")
        restore(context, live)
        if live.name in under_way:
            make_champion(context, live)
        context.journal.add("reconciled", release=live.name)
    return live


def make_champion(context: StackContext, release: Release) -> None:
    """Make the model of a release that went live the champion, which the next rollout takes by default."""
    if release.bundle and usable_champion(context.artifacts_dir) != release.bundle:
        set_champion(context.artifacts_dir, release.bundle)


def has_leftovers(context: StackContext, live: Release) -> bool:
    """Whether there is anything but the plain state of the live release."""
    pins = read_env(context.env_file)
    return (
        any(name in pins for name in NEXT_PINS)
        or not context.edge.serves(CURRENT)
        or bool(list_containers(context.runner, CANDIDATE))
        or not is_set_of(list_containers(context.runner, API), live)
    )


def restore(context: StackContext, release: Release) -> None:
    """Make a release the one that serves, from the current set, and remove the candidate.

    The current set is left alone where it is that release's: then this is a switch, and quick. Where the edge
    serves from it already, it may be unhealthy: it is no worse than before.
    """
    replicas = list_containers(context.runner, API)
    is_there = is_set_of(replicas, release)
    turn_back(context, release)
    pin_release(context.env_file, release)
    if not is_there:
        start_set(context, API, len(replicas), recreate=True)
        wait_for_health(context, API, len(replicas))
    elif any(replica.status in STOPPED for replica in replicas):
        start_set(context, API, len(replicas))
    try:
        if not (is_there and context.edge.serves(CURRENT)):
            context.edge.wait_for_usable(CURRENT, context.limits.health_deadline)
            context.edge.turn_to(CURRENT)
        drain(context, NEXT)
    except EdgeDownError as error:
        # Nobody is served without it; once it starts again, it serves the set that stays.
        context.edge.pin(CURRENT)
        context.say(f"Warning: {error.what}")
    remove_candidate(context)


def turn_back(context: StackContext, release: Release) -> None:
    """Switch at once where the current set is that release's and can serve: the rest of the way takes time."""
    with suppress(EdgeDownError):
        if running_of(list_containers(context.runner, API), release) and context.edge.ready_hosts(CURRENT):
            context.edge.turn_to(CURRENT)


def drain(context: StackContext, name: str) -> int:
    """Wait until a set has no request in flight; returns how many were left at the limit."""
    return wait_for(lambda: context.edge.in_flight(name), context.limits.drain, lambda left: not left)


def remove_candidate(context: StackContext) -> None:
    """Stop the candidate, turn Docker's restarts off for good, and remove it.

    A program of a killed rollout may still be creating one: hence again until there is none.
    """
    while ids := [replica.id for replica in list_containers(context.runner, CANDIDATE)]:
        seconds = int(context.limits.stop)
        context.runner.try_run(argv.stop_containers(ids, seconds), seconds=seconds + 30)
        context.runner.try_run(argv.disable_restart(ids))
        context.runner.run(argv.remove_containers(ids))


def note_takeover(context: StackContext, holder: dict[str, Any]) -> None:
    """Write down that the lock of a holder that has ended was taken over."""
    context.journal.add(
        "takeover", from_pid=holder.get("pid"), at_step=holder.get("step"), release=holder.get("release")
    )
    context.say(
        f"Took over from process {holder.get('pid')}, which has ended; it was at step {holder.get('step')}"
    )


def _adopt(context: StackContext, live: Release, entries: list[Entry]) -> None:
    """Pin what runs so that no later build or promotion moves it, and let the journal know it."""
    if read_release(context.env_file) != live:
        pin_release(context.env_file, live)
    if live not in [entry.release for entry in entries if entry.outcome == LIVE]:
        context.journal.add("adopted", release=live.name, image=live.image, model=live.model, **who())
