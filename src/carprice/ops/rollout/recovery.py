"""Back to the plain state: one set serves, it is the release that .env pins, and no candidate is left.

The same act ends a rollout that failed at any step and mends what a killed one left behind, whatever that was.
"""

import time
from contextlib import suppress
from typing import Any

from carprice.model.manifest import champion_version, set_champion
from carprice.ops.docker import argv
from carprice.ops.docker.env_file import NEXT_PINS, Release, mend_env, pin_release, read_env, read_release
from carprice.ops.docker.images import keep_image
from carprice.ops.docker.replicas import list_replicas
from carprice.ops.edge.haproxy import CURRENT, NEXT, EdgeDownError
from carprice.ops.rollout.history import LIVE, UNDER_WAY, Entry, list_releases
from carprice.ops.rollout.journal import who
from carprice.ops.rollout.live_release import find_live, is_set_of, running_of
from carprice.ops.rollout.readiness import start_set, wait_for_health
from carprice.ops.stack_context import Site

DRAIN_POLL_SECONDS = 0.1
STOPPED = ("created", "exited", "dead")


def reconcile(site: Site) -> Release:
    """Mend what a rollout left that was killed, and return the release that is live.

    Call it holding the lock, so that no rollout is under way. Raises StackError where the stack is not up.
    """
    if torn := mend_env(site.env_file):
        site.say(f"Took a torn last line away from {site.env_file}: {torn!r}")
    live = find_live(site)
    serving = running_of(list_replicas(site.runner, argv.API), live)
    site.edge.find_container()
    if serving and not site.edge.pinned():
        site.edge.switch(CURRENT)
    if serving:
        image = keep_image(site, serving[0].image, live.name)
        live = Release(live.name, image, live.model)
    entries = list_releases(site.journal)
    under_way = [entry.name for entry in entries if entry.outcome == UNDER_WAY]
    if live.name not in under_way:
        _adopt(site, live, entries)
    if has_leftovers(site, live) or under_way:
        site.say(f"A rollout was cut short; {live.name} stays live, the rest is taken away ...")
        restore(site, live)
        if live.name in under_way:
            make_champion(site, live)
        site.journal.add("reconciled", release=live.name)
    return live


def make_champion(site: Site, release: Release) -> None:
    """Make the model of a release that went live the champion, which the next rollout takes by default."""
    if release.bundle and champion_version(site.artifacts_dir) != release.bundle:
        set_champion(site.artifacts_dir, release.bundle)


def has_leftovers(site: Site, live: Release) -> bool:
    """Whether anything but the plain state of the live release is there."""
    pins = read_env(site.env_file)
    return (
        any(name in pins for name in NEXT_PINS)
        or not site.edge.serves(CURRENT)
        or bool(list_replicas(site.runner, argv.NEXT))
        or not is_set_of(list_replicas(site.runner, argv.API), live)
    )


def restore(site: Site, release: Release) -> None:
    """Make a release the one that serves, from the current set, and remove the candidate.

    The current set is left alone where it is that release's: then this is a switch, and quick. Where the edge
    serves from it already, it may be ill: it is no worse than before.
    """
    replicas = list_replicas(site.runner, argv.API)
    is_there = is_set_of(replicas, release)
    turn_back(site, release)
    pin_release(site.env_file, release)
    if not is_there:
        start_set(site, argv.API, len(replicas), recreate=True)
        wait_for_health(site, argv.API, len(replicas))
    elif any(replica.state in STOPPED for replica in replicas):
        start_set(site, argv.API, len(replicas))
    try:
        if not (is_there and site.edge.serves(CURRENT)):
            site.edge.wait_until_usable(CURRENT, site.limits.health_deadline)
            site.edge.turn_to(CURRENT)
        drain(site, NEXT)
    except EdgeDownError as error:
        # Nobody is served without it; once it starts again, it serves the set that stays.
        site.edge.pin(CURRENT)
        site.say(f"Warning: {error.what}")
    remove_candidate(site)


def turn_back(site: Site, release: Release) -> None:
    """Switch at once where the current set is that release's and can serve: the rest of the way takes time."""
    with suppress(EdgeDownError):
        if running_of(list_replicas(site.runner, argv.API), release) and site.edge.is_usable(CURRENT):
            site.edge.turn_to(CURRENT)


def drain(site: Site, name: str) -> int:
    """Wait until a set has no request in hand; returns how many were left at the limit."""
    end = time.monotonic() + site.limits.drain
    while (left := site.edge.in_flight(name)) and time.monotonic() < end:
        time.sleep(DRAIN_POLL_SECONDS)
    return left


def remove_candidate(site: Site) -> None:
    """Stop the candidate, turn Docker's restarts off for good, and remove it.

    A program of a killed rollout may still be creating one: hence again until there is none.
    """
    while ids := [replica.id for replica in list_replicas(site.runner, argv.NEXT)]:
        seconds = int(site.limits.stop)
        site.runner.try_run(argv.stop_containers(ids, seconds), seconds=seconds + 30)
        site.runner.try_run(argv.disable_restart(ids))
        site.runner.run(argv.remove_containers(ids))


def note_takeover(site: Site, holder: dict[str, Any]) -> None:
    """Write down that the lock of a holder that is gone was taken over."""
    site.journal.add(
        "takeover", from_pid=holder.get("pid"), at_step=holder.get("step"), release=holder.get("release")
    )
    site.say(f"Took over from process {holder.get('pid')}, which is gone; it was at step {holder.get('step')}")


def _adopt(site: Site, live: Release, entries: list[Entry]) -> None:
    """Pin what runs so that no later build or promotion moves it, and let the journal know it."""
    if read_release(site.env_file) != live:
        pin_release(site.env_file, live)
    if live not in [entry.release for entry in entries if entry.outcome == LIVE]:
        site.journal.add("adopted", release=live.name, image=live.image, model=live.model, **who())
