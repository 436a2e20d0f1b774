"""The argv of every Docker command the product runs. Pure: lists in, lists out."""

COMPOSE = ["docker", "compose"]
ROLLOUT = [*COMPOSE, "--profile", "rollout"]

API = "car-price-api"
NEXT = "car-price-api-next"
EDGE = "edge"
MLFLOW = "mlflow-server"

RUNTIME_PORT = 9999


def check_compose() -> list[str]:
    """Is the compose file valid?"""
    return [*ROLLOUT, "config", "--quiet"]


def list_containers(service: str) -> list[str]:
    """The ids of a service's containers, stopped ones too."""
    return [*ROLLOUT, "ps", "--all", "--quiet", service]


def inspect_containers(ids: list[str]) -> list[str]:
    """Everything Docker knows of the containers, as JSON."""
    return ["docker", "container", "inspect", *ids]


def inspect_image(image: str) -> list[str]:
    """Everything Docker knows of an image, as JSON."""
    return ["docker", "image", "inspect", image]


def start_service(service: str, replicas: int, *, recreate: bool = False) -> list[str]:
    """Create and start the replicas of a service, and nothing it depends on."""
    options = ["--detach", "--no-deps", "--no-build", "--scale", f"{service}={replicas}"]
    return [*ROLLOUT, "up", *options, *(["--force-recreate"] if recreate else []), service]


def remove_service(service: str) -> list[str]:
    """Remove the containers of a service, killing what still runs."""
    return [*ROLLOUT, "rm", "--stop", "--force", service]


def stop_service(service: str, seconds: int) -> list[str]:
    """Stop the containers of a service; Docker kills what has not stopped after the seconds."""
    return [*ROLLOUT, "stop", "--timeout", str(seconds), service]


def disable_restart(ids: list[str]) -> list[str]:
    """Let Docker not start the containers again."""
    return ["docker", "container", "update", "--restart", "no", *ids]


def show_logs(container: str, lines: int) -> list[str]:
    """The last log lines of one container."""
    return ["docker", "container", "logs", "--tail", str(lines), container]


def show_memory(ids: list[str]) -> list[str]:
    """The memory each container uses now."""
    return ["docker", "container", "stats", "--no-stream", "--format", "{{.MemUsage}}", *ids]


def tag_image(image: str, tag: str) -> list[str]:
    """Give an image one more name."""
    return ["docker", "image", "tag", image, tag]


def remove_image(image: str) -> list[str]:
    """Remove one name of an image."""
    return ["docker", "image", "rm", image]


def edge_runtime(command: str) -> list[str]:
    """One command on the edge's runtime API, which listens on its container's own loopback."""
    talk = f'exec 3<>/dev/tcp/127.0.0.1/{RUNTIME_PORT}; printf "%s\\n" "$0" >&3; cat <&3'
    return [*COMPOSE, "exec", "--no-TTY", EDGE, "bash", "-c", talk, command]
