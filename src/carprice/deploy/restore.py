"""Back to the plain state: one set serves, it is the release that .env pins, and no candidate is left.

The same act ends a rollout that failed at any step and mends what a killed one left behind, whatever that was.
"""

import time
from typing import Any

from carprice.deploy import argv
from carprice.deploy.candidate import start_set, wait_for_health
from carprice.deploy.edge import CURRENT, NEXT
from carprice.deploy.lock import read_lock
from carprice.deploy.release import Release, pin_release, read_env
from carprice.deploy.replicas import list_replicas
from carprice.deploy.site import Site

DRAIN_POLL_SECONDS = 0.2


def restore(site: Site, release: Release) -> None:
    """Make `release` the one that serves, from the current set, and remove the candidate.

    The current set is left alone where it runs that release already: then this is a switch, and quick.
    """
    if not _runs(site, release):
        pin_release(site.env_file, release)
        start_set(site, argv.API, recreate=True)
        wait_for_health(site, argv.API, site.limits.replicas)
    site.edge.wait_until_ready(CURRENT, 1, site.limits.health_deadline)
    if site.edge.active() != CURRENT or site.edge.pinned() != CURRENT:
        site.edge.switch(CURRENT)
        drain(site, NEXT)
    remove_candidate(site)
    pin_release(site.env_file, release)


def reconcile(site: Site) -> bool:
    """Mend what a rollout left that was killed; returns whether there was anything.

    Call it holding the lock, so that no rollout is under way.
    """
    if not has_leftovers(site):
        return False
    live = site.live
    site.say(f"A rollout was cut short; going back to {live.name} ...")
    restore(site, live)
    site.journal.add("reconciled", release=live.name)
    return True


def has_leftovers(site: Site) -> bool:
    """Whether a candidate, its pins or a switched edge are left."""
    if any(name.startswith("NEXT_") for name in read_env(site.env_file)):
        return True
    return site.edge.pinned() != CURRENT or bool(list_replicas(site.runner, argv.NEXT))


def drain(site: Site, name: str) -> int:
    """Wait until a set has no request in hand; returns how many were left at the limit."""
    end = time.monotonic() + site.limits.drain
    while (left := site.edge.traffic(name).in_flight) and time.monotonic() < end:
        time.sleep(DRAIN_POLL_SECONDS)
    return left


def remove_candidate(site: Site) -> None:
    """Stop the candidate for good, with Docker's restarts off, and remove it."""
    replicas = list_replicas(site.runner, argv.NEXT)
    if not replicas:
        return
    site.runner.try_run(argv.disable_restart([replica.id for replica in replicas]))
    seconds = int(site.limits.stop)
    site.runner.try_run(argv.stop_service(argv.NEXT, seconds), seconds=seconds + 30)
    site.runner.run(argv.remove_service(argv.NEXT))


def note_takeover(site: Site, holder: dict[str, Any]) -> None:
    """Write down that the lock of a holder that is gone was taken over."""
    site.journal.add(
        "takeover", from_pid=holder.get("pid"), at_step=holder.get("step"), release=holder.get("release")
    )
    site.say(f"Took over from process {holder.get('pid')}, which is gone; it was at step {holder.get('step')}")


def lock_holder(site: Site) -> dict[str, Any]:
    """Who holds the lock, or empty."""
    return read_lock(site.lock_file)


def _runs(site: Site, release: Release) -> bool:
    replicas = [replica for replica in list_replicas(site.runner, argv.API) if replica.state == "running"]
    same = all(replica.release == release.name and replica.model == release.model for replica in replicas)
    return bool(replicas) and same
