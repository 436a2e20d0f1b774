"""Which release is live: what runs says it, then the .env file, then the journal."""

from collections.abc import Sequence

from carprice.errors import StackError
from carprice.ops.docker import argv
from carprice.ops.docker.env_file import DEFAULT_RELEASE, OWN_MODEL, PINS, Release, read_env, read_release
from carprice.ops.docker.replicas import Replica, list_replicas
from carprice.ops.rollout.history import list_live
from carprice.ops.stack_context import Site

FALLBACK = "fallback"


def find_live(site: Site) -> Release:
    """The release that should serve, from what is there. Raises StackError where nothing tells.

    A current set that is one whole release is the truth: the .env file may be older or newer than it where a
    rollout was killed. Where that set is mixed or gone, a rollout was replacing it by what .env names already.
    """
    current = _running(list_replicas(site.runner, argv.API))
    pinned = _read_pins(site)
    if is_uniform(current):
        found = _release_of(current[0])
        if pinned and pinned.name == found.name:
            found = pinned
        return Release(found.name, found.image, found.model or find_model(current[0]))
    if pinned:
        return pinned
    candidate = _running(list_replicas(site.runner, argv.NEXT))
    if is_uniform(candidate):
        return _release_of(candidate[0])
    if live := list_live(site.journal):
        return live[-1].release
    if current:
        return _release_of(current[0])
    raise StackError("The stack is not up: car-price-api has no running container", "Start it: ./carprice up")


def is_uniform(replicas: Sequence[Replica]) -> bool:
    """Whether these are replicas of one release, at least one."""
    return len({(replica.release, replica.image) for replica in replicas}) == 1


def is_set_of(replicas: Sequence[Replica], release: Release) -> bool:
    """Whether these are the replicas of that release and of no other, in whatever state."""
    return {replica.release for replica in replicas} == {release.name}


def running_of(replicas: Sequence[Replica], release: Release) -> list[Replica]:
    """The running replicas of a release; none where one of another release is among the replicas."""
    return _running(replicas) if is_set_of(replicas, release) else []


def find_model(replica: Replica) -> str:
    """The model that a replica serves, as a release names it; empty where it does not say."""
    try:
        status = replica.ask("GET", "/info/status").json()
    except OSError:
        return ""
    if not isinstance(status, dict) or "model_version" not in status:
        return ""
    return OWN_MODEL if status.get("source") == FALLBACK else str(status["model_version"])


def _running(replicas: Sequence[Replica]) -> list[Replica]:
    return [replica for replica in replicas if replica.state == "running"]


def _release_of(replica: Replica) -> Release:
    return Release(replica.release or DEFAULT_RELEASE, replica.image_name, replica.model)


def _read_pins(site: Site) -> Release | None:
    values = read_env(site.env_file)
    return read_release(site.env_file) if all(values.get(name) for name in PINS[:2]) else None
