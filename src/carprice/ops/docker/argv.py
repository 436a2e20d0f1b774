"""The argv of every Docker command the product runs. Pure: lists in, lists out.

Compose creates and starts, because only it reads the compose file. Everything else asks Docker itself by the
labels that Compose gives: ten times as fast, and a rollout asks often.
"""

COMPOSE = ["docker", "compose"]
ROLLOUT = [*COMPOSE, "--profile", "rollout"]

API = "car-price-api"
NEXT = "car-price-api-next"
EDGE = "edge"
MLFLOW = "mlflow-server"

RUNTIME_PORT = 9999
PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"

_EXIT_CODE = "{{.Actor.Attributes.exitCode}}"
_CONNECT = f"exec 3<>/dev/tcp/127.0.0.1/{RUNTIME_PORT}"
_ASK = f'{_CONNECT}; printf "%s\\n" "$0" >&3; cat <&3'
# Docker leaves a program in a container running when the one who started it is gone: this one ends with its
# stdin.
_FOLLOW = f'{_CONNECT} 4<&0; printf "%s\\n" "$0" >&3; (read -r <&4; kill $$) >/dev/null 2>&1 & exec cat <&3 4<&-'


def check_compose() -> list[str]:
    """Is the compose file valid?"""
    return [*ROLLOUT, "config", "--quiet"]


def list_containers(project: str, service: str) -> list[str]:
    """The ids of a service's containers, stopped ones too."""
    filters = [f"label={PROJECT_LABEL}={project}", f"label={SERVICE_LABEL}={service}"]
    # `docker compose run` makes containers of the same service that are none of its replicas.
    filters.append("label=com.docker.compose.oneoff=False")
    words = [word for item in filters for word in ("--filter", item)]
    return ["docker", "container", "ls", "--all", "--quiet", "--no-trunc", *words]


def inspect_containers(ids: list[str]) -> list[str]:
    """Everything Docker knows of the containers, as JSON."""
    return ["docker", "container", "inspect", *ids]


def inspect_image(image: str) -> list[str]:
    """Everything Docker knows of an image, as JSON."""
    return ["docker", "image", "inspect", image]


def list_tags(name: str) -> list[str]:
    """The tags of an image name, a line each."""
    return ["docker", "image", "ls", "--format", "{{.Tag}}", name]


def start_service(service: str, replicas: int, *, recreate: bool = False, stop_seconds: int = 10) -> list[str]:
    """Create and start the replicas of a service, and nothing it depends on; 0 means as many as the file says.

    recreate: all of them anew, where one that has not stopped after the seconds is killed; else those that are
    there stay as they are.
    """
    options = ["--detach", "--no-deps", "--no-build", "--timeout", str(stop_seconds)]
    options.append("--force-recreate" if recreate else "--no-recreate")
    if replicas:
        options += ["--scale", f"{service}={replicas}"]
    return [*ROLLOUT, "up", *options, service]


def stop_containers(ids: list[str], seconds: int) -> list[str]:
    """Stop containers; Docker kills what has not stopped after the seconds."""
    return ["docker", "container", "stop", "--time", str(seconds), *ids]


def remove_containers(ids: list[str]) -> list[str]:
    """Remove containers, killing what still runs."""
    return ["docker", "container", "rm", "--force", *ids]


def disable_restart(ids: list[str]) -> list[str]:
    """Let Docker not start the containers again; stop them first: it refuses this for one that is just ending."""
    return ["docker", "container", "update", "--restart", "no", *ids]


def show_logs(container: str, lines: int) -> list[str]:
    """The last log lines of one container."""
    return ["docker", "container", "logs", "--tail", str(lines), container]


def list_exits(container: str, now: float) -> list[str]:
    """The exit codes of a container's runs, oldest first, a line each; Docker forgets them with each new start.

    now: seconds since 1970, with their fraction: Docker takes `--until 0s` for the last whole second.
    """
    filters = ["--filter", f"container={container}", "--filter", "event=die"]
    return ["docker", "events", "--since", "1h", "--until", f"{now:.9f}", *filters, "--format", _EXIT_CODE]


def tag_image(image: str, tag: str) -> list[str]:
    """Give an image one more name."""
    return ["docker", "image", "tag", image, tag]


def remove_image(image: str) -> list[str]:
    """Remove one name of an image."""
    return ["docker", "image", "rm", image]


def edge_runtime(edge: str, command: str) -> list[str]:
    """One command on the edge's runtime API, which listens on its container's own loopback."""
    return ["docker", "container", "exec", edge, "bash", "-c", _ASK, command]


def edge_events(edge: str) -> list[str]:
    """Every request that the edge remembers, then every one as it ends, until stdin is closed."""
    return ["docker", "container", "exec", "--interactive", edge, "bash", "-c", _FOLLOW, "show events proof -w"]
