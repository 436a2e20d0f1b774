"""The stack on Docker as a whole: up, down, restart, logs. The order of steps, and what happens when one fails."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from carprice.errors import FileError, StackError
from carprice.model.bundle.manifest import champion_version
from carprice.names import ALIVE_PATH, API, CANDIDATE, EDGE, IMAGE_MODEL, LOOPBACK, MLFLOW
from carprice.ops.docker import argv, compose_argv
from carprice.ops.docker.build import build_image
from carprice.ops.docker.containers import inspect_containers, list_containers
from carprice.ops.docker.env_file import find_project, read_env
from carprice.ops.docker.status import read_status, stop_crash_loops
from carprice.ops.docker.up_checks import check_folder, check_ports, list_ports, prepare_folders, read_config
from carprice.ops.edge.haproxy import CURRENT, EdgeDownError
from carprice.ops.edge.rates import prepare_keys
from carprice.ops.edge.tls import prepare_tls, refresh_certificate
from carprice.ops.instance import Instance
from carprice.ops.journal import who
from carprice.ops.lifecycle import is_crash_loop
from carprice.ops.lock import hold_lock
from carprice.ops.release import DEFAULT_RELEASE, Release, image_of, pin_release
from carprice.ops.rollout.recovery import note_takeover, reconcile
from carprice.ops.stack_context import StackContext
from carprice.ops.status import ALWAYS, ServiceStatus
from carprice.system.http import Address
from carprice.system.waiting import wait_for

POLL_SECONDS = 0.5
CLEAR_LINE = "\x1b[2K"
STOP_SECONDS = 60.0
PULL_SECONDS = 1800.0
ANSWER_SECONDS = 5.0
SERVER_ERROR = 500


def start_stack(context: StackContext, *, build: bool = False) -> bool:
    """Bring the stack up and wait until it is healthy; returns whether this call started the API.

    What is live stays: a release that .env pins, or replicas that run, are started or left as they are. Else the
    image is built first. Raises StackError: build failed, a port is taken, not healthy in time, a crash loop.
    """
    with hold_lock(context.lock_file, "start", lambda holder: note_takeover(context, holder)):
        prepare_folders(context)
        prepare_keys(context)
        prepare_tls(context)
        config = read_config(context)
        containers = list_containers(context.runner)
        is_live = any(map(is_serving, containers))
        check_folder(context, containers)
        check_ports(context, config, containers)
        pull_missing(context, config)
        choose_image(context, build=build, is_live=is_live)
        with timed(context, "Starting", "Started"):
            create_and_start(context, containers)
        wait_for_services(context, config)
        refresh_certificate(context)
        reconcile(context)
        _note(context, "up", release=context.live.name)
    return not is_live


def choose_image(context: StackContext, *, build: bool, is_live: bool) -> None:
    """Keep the image that is live or pinned; else build one and pin it, so that no later build moves it."""
    if is_live and build:
        raise StackError(
            f"{context.live.name} is live, and a new build does not go live by `up`",
            "Without losing a request: ./carprice rollout --build",
        )
    if is_live:
        context.say(f"{context.live.name} is live; it stays as it is")
    elif "IMAGE" in read_env(context.env_file) and not build:
        context.say(
            f"{context.live.name} is pinned in .env: {context.live.image}; a new build: ./carprice up --build"
        )
    else:
        built = build_image(context)
        image = image_of(DEFAULT_RELEASE, find_project(context.runner))
        context.runner.run(argv.tag_image(built.image, image))
        pin_release(
            context.env_file,
            Release(DEFAULT_RELEASE, image, champion_version(context.artifacts_dir) or IMAGE_MODEL),
        )


def pull_missing(context: StackContext, config: dict[str, Any]) -> None:
    """Pull the images of others that are not here, which may take minutes."""
    for service in (EDGE, MLFLOW):
        image = config["services"][service]["image"]
        if context.runner.try_run(argv.inspect_image(image)).code != 0:
            with timed(context, f"Pulling {image}", f"Pulled {image}"):
                context.runner.run(argv.pull_image(image), PULL_SECONDS)


def is_serving(container: Instance) -> bool:
    """Whether it is a replica that runs, and not one that crashes in a loop."""
    return container.service == API and container.is_running and not is_crash_loop(container.facts())


def create_and_start(context: StackContext, containers: list[Instance]) -> None:
    """Make what is missing, start what is stopped, and leave the replicas that run alone."""
    unwatched = [item.id for item in containers if not item.is_watched]
    if unwatched:
        context.runner.try_run(argv.enable_restart(unwatched))
    replicas = [item for item in containers if item.service == API]
    running = {item.service for item in containers if item.is_running}
    if EDGE not in running or CANDIDATE not in running:
        with suppress(FileError):  # what a killed rollout left; reconcile repairs the rest
            context.edge.pin(CURRENT)
    is_live = any(map(is_serving, replicas))
    scale = {API: len(replicas)} if is_live else {}
    context.runner.run(compose_argv.start_services([API], scale, keep=is_live))
    context.runner.run(compose_argv.start_services([EDGE, MLFLOW], {}))
    if EDGE in running and CANDIDATE not in running:  # it would never get healthy with a set that is gone
        with suppress(FileError, StackError):
            context.edge.turn_to(CURRENT)


def wait_for_services(context: StackContext, config: dict[str, Any]) -> None:
    """Wait until every service is healthy, saying each. Raises StackError at the deadline, or for a crash loop."""
    started = time.monotonic()
    waiting = list(ALWAYS)
    statuses: list[ServiceStatus] = []

    def look() -> list[str]:
        nonlocal statuses
        statuses = read_status(context, with_memory=False)
        for service in [name for name in waiting if is_healthy(name, statuses, config)]:
            waiting.remove(service)
            context.say(f"{service} is healthy ({time.monotonic() - started:.1f} s)")
        # A candidate that a killed rollout left is no service that is waited for.
        looping = [item for item in stop_crash_loops(context) if item.service in ALWAYS]
        if looping:
            raise StackError(
                f"{', '.join(item.name for item in looping)}: crashes in a loop",
                f"See: ./carprice logs {looping[0].service}",
            )
        return waiting

    if wait_for(look, context.limits.up_deadline, lambda left: not left, pause=POLL_SECONDS):
        raise StackError(*_describe_wait(context, waiting, statuses))


def is_healthy(service: str, statuses: list[ServiceStatus], config: dict[str, Any]) -> bool:
    """Whether every container of a service is healthy, and answers on this machine where it should."""
    own = [item for item in statuses if item.service == service]
    if not own or any(item.health != "healthy" for item in own):
        return False
    return all(answers(host, port) for name, host, port in list_ports(config) if name == service)


def answers(host: str, port: int) -> bool:
    """Whether something on this machine's port speaks HTTP."""
    try:
        return Address(host or LOOPBACK, port).ask("GET", ALIVE_PATH, seconds=ANSWER_SECONDS).status < SERVER_ERROR
    except OSError:
        return False


def stop_stack(context: StackContext, *, volumes: bool = False) -> bool:
    """Stop and remove the containers, with `volumes` MLflow's data too. Returns whether there was anything."""
    with hold_lock(context.lock_file, "stop", lambda holder: note_takeover(context, holder)):
        if not list_containers(context.runner) and not volumes:
            return False
        context.runner.run(compose_argv.remove_project(volumes=volumes), STOP_SECONDS + context.limits.up_deadline)
        with suppress(FileError):  # the candidate that a killed rollout had switched to is removed with the rest
            context.edge.pin(CURRENT)
        _note(context, "down")
    return True


def pause_stack(context: StackContext) -> None:
    """Stop every container and leave it there, as Ctrl-C does in `docker compose up`."""
    context.runner.run(compose_argv.stop_project(), STOP_SECONDS + context.limits.up_deadline)
    _note(context, "down")


def restart_services(context: StackContext, names: list[str]) -> None:
    """Restart services one container after the other, each healthy before the next, so that one always serves.

    Raises StackError for one that does not get healthy, or that the edge does not find, in time; those that come
    after it are left as they are.
    """
    config = read_config(context)
    if not list_containers(context.runner):
        raise StackError("Nothing is up", "Start it: ./carprice up")
    check_names(names, [*ALWAYS])
    with hold_lock(context.lock_file, "restart", lambda holder: note_takeover(context, holder)):
        try:
            reconcile(context)
        except StackError as error:  # a restart is for what is unhealthy
            context.say(f"Warning: {error.what}")
        containers = list_containers(context.runner)
        chosen = [item for item in containers if item.service in (names or ALWAYS)]
        for item in chosen:
            with timed(context, f"Restarting {item.name}", f"Restarted {item.name}"):
                context.runner.try_run(argv.enable_restart([item.id]))
                words = argv.restart_container(item.id, int(context.limits.stop) or 1)
                context.runner.run(words, STOP_SECONDS + context.limits.stop)
                host = _wait_for_container(context, item)
                if item.service == API:
                    # Healthy for Docker alone, it leaves nobody to serve; without an edge nobody is served.
                    with suppress(EdgeDownError):
                        context.edge.wait_for_host(CURRENT, host, context.limits.up_deadline)
        wait_for_services(context, config)


def check_names(names: list[str], known: list[str]) -> None:
    """Raise StackError for a name that is no service."""
    for name in names:
        if name not in known:
            raise StackError(f"There is no service {name!r}", f"Services: {', '.join(known)}")


def read_logs(context: StackContext, names: list[str], lines: int, *, follow: bool) -> Iterator[tuple[str, str]]:
    """The services' last log lines, each with its container; with `follow`, new ones until the stack is down."""
    check_names(names, [*ALWAYS, CANDIDATE])
    yield from _read_lines(context, compose_argv.show_stack_logs(names, lines, follow=follow))


def follow_logs(context: StackContext, since: float) -> Iterator[tuple[str, str]]:
    """What the services say since a time, seconds since the epoch, until the stack is down."""
    yield from _read_lines(context, compose_argv.follow_stack(int(since)))


@contextmanager
def timed(context: StackContext, doing: str, done: str) -> Iterator[None]:
    """Say what is done, and when it is done how long it took."""
    started = time.monotonic()
    context.say(f"{doing} ...")
    yield
    context.say(f"{done} ({time.monotonic() - started:.1f} s)")


def _read_lines(context: StackContext, words: list[str]) -> Iterator[tuple[str, str]]:
    with context.runner.watch_lines(words) as process:
        for line in process.stdout or ():
            # Compose clears the terminal's line first, also where there is no terminal.
            name, bar, text = line.removeprefix(CLEAR_LINE).rstrip("\n").partition(" | ")
            yield (name.rstrip(), text) if bar else ("", name)
        if code := process.wait():
            raise StackError(
                f"`{' '.join(words)}` ended with exit code {code}", "Find out more: ./carprice doctor"
            )


def _wait_for_container(context: StackContext, container: Instance) -> str:
    """Its host once it is healthy again; another one than before, as Docker gives it."""

    def find_host() -> str:
        found = inspect_containers(context.runner, [container.id])
        is_back = bool(found) and found[0].is_running and found[0].health in ("", "healthy")
        return found[0].address.host if is_back else ""

    if host := wait_for(find_host, context.limits.up_deadline, pause=POLL_SECONDS):
        return host
    raise StackError(
        f"{container.name} is not healthy within {context.limits.up_deadline:g} s of its restart; "
        "what comes after it was left as it is",
        f"See: ./carprice logs {container.service}",
    )


def _describe_wait(context: StackContext, waiting: list[str], statuses: list[ServiceStatus]) -> tuple[str, str]:
    seen = "; ".join(
        f"{item.name} is {item.state}{': ' + item.detail if item.detail else ''}"
        for item in statuses
        if item.service in waiting
    )
    return (
        f"{', '.join(waiting)} not healthy within {context.limits.up_deadline:g} s ({seen})",
        f"See: ./carprice logs {waiting[0]}",
    )


def _note(context: StackContext, event: str, **facts: object) -> None:
    """Note it in the journal; one that cannot be written stops nothing."""
    with suppress(StackError, OSError):
        context.journal.add(event, **{**who(), **facts})
