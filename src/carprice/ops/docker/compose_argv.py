"""The argv of the Docker commands around a whole stack's life. Pure: lists in, lists out."""

from carprice.ops.docker.argv import COMPOSE, PROJECT_LABEL, ROLLOUT

RESTART_POLICY = "unless-stopped"


def show_engine() -> list[str]:
    """The version of the engine that answers."""
    return ["docker", "version", "--format", "{{.Server.Version}}"]


def show_compose() -> list[str]:
    """The version of Docker's compose plugin."""
    return [*COMPOSE, "version", "--short"]


def show_config() -> list[str]:
    """The compose file with every variable filled in, as JSON."""
    return [*ROLLOUT, "config", "--format", "json"]


def check_alone(file: str) -> list[str]:
    """Is one compose file valid by itself?"""
    return [*COMPOSE, "--file", file, "config", "--quiet"]


def list_project(project: str) -> list[str]:
    """The ids of all containers of a stack, stopped ones too, but none of `docker compose run`."""
    filters = (f"label={PROJECT_LABEL}={project}", "label=com.docker.compose.oneoff=False")
    words = [word for item in filters for word in ("--filter", item)]
    return ["docker", "container", "ls", "--all", "--quiet", "--no-trunc", *words]


def list_publishers(port: int) -> list[str]:
    """The names of the containers that publish a port of this machine."""
    return ["docker", "container", "ls", "--filter", f"publish={port}", "--format", "{{.Names}}"]


def build_service(service: str) -> list[str]:
    """Build the image of a service, one plain line per event."""
    return [*COMPOSE, "--progress", "plain", "build", service]


def pull_image(image: str) -> list[str]:
    """Pull an image."""
    return ["docker", "image", "pull", "--quiet", image]


def start_services(services: list[str], scale: dict[str, int], *, keep: bool = False) -> list[str]:
    """Create and start services, nothing they depend on; with `keep`, containers that exist stay as they are."""
    scales = [word for service, count in scale.items() for word in ("--scale", f"{service}={count}")]
    options = ["--detach", "--no-deps", "--no-build", *(["--no-recreate"] if keep else []), *scales]
    return [*COMPOSE, "up", *options, *services]


def stop_project() -> list[str]:
    """Stop every service, the candidate of a rollout too; the containers stay."""
    return [*ROLLOUT, "stop"]


def remove_project(*, volumes: bool) -> list[str]:
    """Stop and remove every container and the network; with `volumes`, MLflow's volume too."""
    return [*ROLLOUT, "down", "--remove-orphans", *(["--volumes"] if volumes else [])]


def restart_container(container: str, seconds: int) -> list[str]:
    """Stop and start one container; Docker kills what has not stopped after the seconds."""
    return ["docker", "container", "restart", "--time", str(seconds), container]


def enable_restart(ids: list[str]) -> list[str]:
    """Let Docker start the containers again when they end by themselves."""
    return ["docker", "container", "update", "--restart", RESTART_POLICY, *ids]


def show_stack_logs(services: list[str], lines: int, *, follow: bool) -> list[str]:
    """The last log lines of services, or of all; with `follow`, new ones too."""
    options = ["--tail", str(lines), *(["--follow"] if follow else [])]
    return [*ROLLOUT, "logs", "--no-color", *options, *services]


def follow_stack(since: int) -> list[str]:
    """The log lines of all services since a time, seconds since the epoch, and new ones."""
    return [*ROLLOUT, "logs", "--no-color", "--since", str(since), "--follow"]


def show_memory(ids: list[str]) -> list[str]:
    """The memory that each container uses now, in bytes of Docker's own wording."""
    return ["docker", "container", "stats", "--no-stream", "--no-trunc", "--format", "{{.ID}} {{.MemUsage}}", *ids]
