"""Which release is live: what runs says it, then the .env file, then the journal."""

from collections.abc import Sequence

from carprice.errors import StackError
from carprice.names import API, CANDIDATE, FALLBACK, IMAGE_MODEL, STATUS_PATH
from carprice.ops.docker.containers import list_containers
from carprice.ops.docker.env_file import read_env
from carprice.ops.instance import Instance
from carprice.ops.release import DEFAULT_RELEASE, PINS, Release, read_release
from carprice.ops.rollout.history import list_live
from carprice.ops.stack_context import StackContext


def find_live(context: StackContext) -> Release:
    """The release that should serve, from what is found. Raises StackError where nothing shows it.

    A current set that is one whole release is the truth: the .env file may be older or newer than it where a
    rollout was killed. Where that set is mixed or missing, a rollout was replacing it by what .env names already.
    """
    current = _running(list_containers(context.runner, API))
    pinned = _read_pins(context)
    if is_uniform(current):
        found = _release_of(current[0])
        if pinned and pinned.name == found.name:
            found = pinned
        return Release(found.name, found.image, found.model or find_model(current[0]))
    if pinned:
        return pinned
    candidate = _running(list_containers(context.runner, CANDIDATE))
    if is_uniform(candidate):
        return _release_of(candidate[0])
    if live := list_live(context.journal):
        return live[-1].release
    if current:
        return _release_of(current[0])
    raise StackError("The stack is not up: car-price-api has no running container", "Start it: ./carprice up")


def is_uniform(replicas: Sequence[Instance]) -> bool:
    """Whether these are replicas of one release, at least one."""
    return len({(replica.release, replica.image_id) for replica in replicas}) == 1


def is_set_of(replicas: Sequence[Instance], release: Release) -> bool:
    """Whether these are the replicas of that release and of no other, in whatever state."""
    return {replica.release for replica in replicas} == {release.name}


def running_of(replicas: Sequence[Instance], release: Release) -> list[Instance]:
    """The running replicas of a release; none where one of another release is among the replicas."""
    return _running(replicas) if is_set_of(replicas, release) else []


def find_model(replica: Instance) -> str:
    """The model that a replica serves, as a release names it; empty where it does not say."""
    try:
        status = replica.address.ask("GET", STATUS_PATH).json()
    except OSError:
        return ""
    if not isinstance(status, dict) or "model_version" not in status:
        return ""
    return IMAGE_MODEL if status.get("source") == FALLBACK else str(status["model_version"])


def _running(replicas: Sequence[Instance]) -> list[Instance]:
    return [replica for replica in replicas if replica.is_running]


def _release_of(replica: Instance) -> Release:
    return Release(replica.release or DEFAULT_RELEASE, replica.image_name, replica.model)


def _read_pins(context: StackContext) -> Release | None:
    values = read_env(context.env_file)
    return read_release(context.env_file) if all(values.get(name) for name in PINS[:2]) else None
