"""The stack on Docker as a whole: up, down, restart, logs. The order of steps, and what happens when one fails."""

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from carprice.errors import StackError
from carprice.model.manifest import champion_version
from carprice.ops.docker import argv, compose_argv
from carprice.ops.docker.build import build_image
from carprice.ops.docker.containers import Container, list_containers
from carprice.ops.docker.env_file import DEFAULT_RELEASE, OWN_MODEL, Release, image_of, pin_release, read_env
from carprice.ops.docker.replicas import find_project
from carprice.ops.edge.haproxy import CURRENT
from carprice.ops.lifecycle import ServiceStatus, is_crash_loop
from carprice.ops.rollout.journal import who
from carprice.ops.rollout.lock import hold_lock
from carprice.ops.rollout.recovery import note_takeover, reconcile
from carprice.ops.stack_context import Site
from carprice.ops.stacks.up_checks import check_folder, check_ports, list_ports, prepare_folders, read_config
from carprice.ops.status import ALWAYS, NO_VIEW, derive_facts, read_status, stop_crash_loops

POLL_SECONDS = 0.5
CLEAR_LINE = "\x1b[2K"
STOP_SECONDS = 60.0
PULL_SECONDS = 1800.0
ANSWER_SECONDS = 5.0


def start_stack(site: Site, *, build: bool = False) -> bool:
    """Bring the stack up and wait until it is healthy; returns whether this call started the API.

    What is live stays: a release that .env pins, or replicas that run, are started or left as they are. Else the
    image is built first. Raises StackError: build failed, a port is taken, not healthy in time, a crash loop.
    """
    with hold_lock(site.lock_file, "start", lambda holder: note_takeover(site, holder)):
        prepare_folders(site)
        config = read_config(site)
        containers = list_containers(site.runner)
        is_live = any(map(is_serving, containers))
        check_folder(site, containers)
        check_ports(site, config, containers)
        pull_missing(site, config)
        choose_image(site, build=build, is_live=is_live)
        with timed(site, "Starting", "Started"):
            create_and_start(site, containers)
        wait_until_healthy(site, config)
        reconcile(site)
        _note(site, "up", release=site.live.name)
    return not is_live


def choose_image(site: Site, *, build: bool, is_live: bool) -> None:
    """Keep the image that is live or pinned; else build one and pin it, so that no later build moves it."""
    if is_live and build:
        raise StackError(
            f"{site.live.name} is live, and a new build does not go live by `up`",
            "Without losing a request: ./carprice rollout --build",
        )
    if is_live:
        site.say(f"{site.live.name} is live; it stays as it is")
    elif "IMAGE" in read_env(site.env_file) and not build:
        site.say(f"{site.live.name} is pinned in .env: {site.live.image}; a new build: ./carprice up --build")
    else:
        built = build_image(site)
        image = image_of(DEFAULT_RELEASE, find_project(site.runner))
        site.runner.run(argv.tag_image(built.image, image))
        pin_release(
            site.env_file, Release(DEFAULT_RELEASE, image, champion_version(site.artifacts_dir) or OWN_MODEL)
        )


def pull_missing(site: Site, config: dict[str, Any]) -> None:
    """Pull the images of others that are not here, which may take minutes."""
    for service in (argv.EDGE, argv.MLFLOW):
        image = config["services"][service]["image"]
        if site.runner.try_run(argv.inspect_image(image)).code != 0:
            with timed(site, f"Pulling {image}", f"Pulled {image}"):
                site.runner.run(compose_argv.pull_image(image), PULL_SECONDS)


def is_serving(container: Container) -> bool:
    """Whether it is a replica that runs, and not one that crashes in a loop."""
    return (
        container.service == argv.API
        and container.is_running
        and not is_crash_loop(derive_facts(container, NO_VIEW))
    )


def create_and_start(site: Site, containers: list[Container]) -> None:
    """Make what is missing, start what is stopped, and leave the replicas that run alone."""
    unwatched = [item.id for item in containers if item.policy == "no"]
    if unwatched:
        site.runner.try_run(compose_argv.enable_restart(unwatched))
    replicas = [item for item in containers if item.service == argv.API]
    if not any(item.is_running for item in containers if item.service == argv.EDGE):
        with suppress(StackError):  # what a killed rollout left; reconcile mends the rest
            site.edge.pin(CURRENT)
    is_live = any(map(is_serving, replicas))
    scale = {argv.API: len(replicas)} if is_live else {}
    site.runner.run(compose_argv.start_services([argv.API], scale, keep=is_live))
    site.runner.run(compose_argv.start_services([argv.EDGE, argv.MLFLOW], {}))


def wait_until_healthy(site: Site, config: dict[str, Any]) -> None:
    """Wait until every service is well, saying each. Raises StackError at the deadline, or for a crash loop."""
    started = time.monotonic()
    waiting = list(ALWAYS)
    while waiting:
        statuses = read_status(site, with_memory=False)
        for service in [name for name in waiting if is_well(name, statuses, config)]:
            waiting.remove(service)
            site.say(f"{service} is healthy ({time.monotonic() - started:.1f} s)")
        # A candidate that a killed rollout left is no service that is waited for.
        looping = [item for item in stop_crash_loops(site) if item.service in ALWAYS]
        if looping:
            raise StackError(
                f"{', '.join(item.name for item in looping)}: crashes in a loop",
                f"See: ./carprice logs {looping[0].service}",
            )
        if waiting and time.monotonic() - started > site.limits.up_deadline:
            raise StackError(*_describe_wait(site, waiting, statuses))
        time.sleep(POLL_SECONDS if waiting else 0)


def is_well(service: str, statuses: list[ServiceStatus], config: dict[str, Any]) -> bool:
    """Whether every container of a service is healthy, and answers on this machine where it should."""
    own = [item for item in statuses if item.service == service]
    if not own or any(item.health != "healthy" for item in own):
        return False
    return all(answers(host, port) for name, host, port in list_ports(config) if name == service)


def answers(host: str, port: int) -> bool:
    """Whether something on this machine's port speaks HTTP."""
    connection = http.client.HTTPConnection(host or "127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def stop_stack(site: Site, *, volumes: bool = False) -> bool:
    """Stop and remove the containers, with `volumes` MLflow's data too. Returns whether there was anything."""
    with hold_lock(site.lock_file, "stop", lambda holder: note_takeover(site, holder)):
        if not list_containers(site.runner) and not volumes:
            return False
        site.runner.run(compose_argv.remove_project(volumes=volumes), STOP_SECONDS + site.limits.up_deadline)
        with suppress(OSError):  # the candidate that a killed rollout had switched to is gone with the rest
            site.edge.pin(CURRENT)
        _note(site, "down")
    return True


def pause_stack(site: Site) -> None:
    """Stop every container and leave it there, as Ctrl-C does in `docker compose up`."""
    site.runner.run(compose_argv.stop_project(), STOP_SECONDS + site.limits.up_deadline)
    _note(site, "down")


def restart_services(site: Site, names: list[str]) -> None:
    """Restart services one container after the other, each healthy before the next, so that one always serves.

    Raises StackError for one that does not get healthy in time; those that come after it are left as they are.
    """
    config = read_config(site)
    if not list_containers(site.runner):
        raise StackError("Nothing is up", "Start it: ./carprice up")
    check_names(names, [*ALWAYS])
    with hold_lock(site.lock_file, "restart", lambda holder: note_takeover(site, holder)):
        try:
            reconcile(site)
        except StackError as error:  # what is ill is what a restart is for
            site.say(f"Warning: {error.what}")
        containers = list_containers(site.runner)
        chosen = [item for item in containers if item.service in (names or ALWAYS)]
        for item in chosen:
            with timed(site, f"Restarting {item.name}", f"Restarted {item.name}"):
                site.runner.try_run(compose_argv.enable_restart([item.id]))
                words = compose_argv.restart_container(item.id, int(site.limits.stop) or 1)
                site.runner.run(words, STOP_SECONDS + site.limits.stop)
                _wait_for_container(site, item)
        wait_until_healthy(site, config)


def check_names(names: list[str], known: list[str]) -> None:
    """Raise StackError for a name that is no service."""
    for name in names:
        if name not in known:
            raise StackError(f"There is no service {name!r}", f"Services: {', '.join(known)}")


def read_logs(site: Site, names: list[str], lines: int, *, follow: bool) -> Iterator[tuple[str, str]]:
    """The services' last log lines, each with its container; with `follow`, new ones until the stack is down."""
    check_names(names, [*ALWAYS, argv.NEXT])
    yield from _read_lines(site, compose_argv.show_stack_logs(names, lines, follow=follow))


def follow_logs(site: Site, since: float) -> Iterator[tuple[str, str]]:
    """What the services say since a time, seconds since the epoch, until the stack is down."""
    yield from _read_lines(site, compose_argv.follow_stack(int(since)))


@contextmanager
def timed(site: Site, doing: str, done: str) -> Iterator[None]:
    """Say what is done, and when it is done how long it took."""
    started = time.monotonic()
    site.say(f"{doing} ...")
    yield
    site.say(f"{done} ({time.monotonic() - started:.1f} s)")


def _read_lines(site: Site, words: list[str]) -> Iterator[tuple[str, str]]:
    with site.runner.watch_lines(words) as process:
        for line in process.stdout or ():
            # Compose clears the terminal's line first, also where there is no terminal.
            name, bar, text = line.removeprefix(CLEAR_LINE).rstrip("\n").partition(" | ")
            yield (name.rstrip(), text) if bar else ("", name)
        if code := process.wait():
            raise StackError(
                f"`{' '.join(words)}` ended with exit code {code}", "Find out more: ./carprice doctor"
            )


def _wait_for_container(site: Site, container: Container) -> None:
    end = time.monotonic() + site.limits.up_deadline
    while time.monotonic() < end:
        found = [item for item in list_containers(site.runner) if item.id == container.id]
        if found and found[0].is_running and found[0].health in ("", "healthy"):
            return
        time.sleep(POLL_SECONDS)
    raise StackError(
        f"{container.name} is not healthy within {site.limits.up_deadline:g} s of its restart; "
        "what comes after it was left as it is",
        f"See: ./carprice logs {container.service}",
    )


def _describe_wait(site: Site, waiting: list[str], statuses: list[ServiceStatus]) -> tuple[str, str]:
    told = "; ".join(
        f"{item.name} is {item.state}{': ' + item.detail if item.detail else ''}"
        for item in statuses
        if item.service in waiting
    )
    return (
        f"{', '.join(waiting)} not healthy within {site.limits.up_deadline:g} s ({told})",
        f"See: ./carprice logs {waiting[0]}",
    )


def _note(site: Site, event: str, **facts: object) -> None:
    """Tell the journal; one that cannot be written stops nothing."""
    with suppress(StackError, OSError):
        site.journal.add(event, **{**who(), **facts})
