"""The argv of every `docker compose` command the product runs. Pure: lists in, lists out."""

COMPOSE = ["docker", "compose"]
ROLLOUT = [*COMPOSE, "--profile", "rollout"]


def check_compose() -> list[str]:
    """Is the compose file valid?"""
    return [*ROLLOUT, "config", "--quiet"]


def show_compose() -> list[str]:
    """The version of Docker's compose plugin."""
    return [*COMPOSE, "version", "--short"]


def show_config() -> list[str]:
    """The compose file with every variable filled in, as JSON."""
    return [*ROLLOUT, "config", "--format", "json"]


def check_alone(file: str) -> list[str]:
    """Is one compose file valid by itself?"""
    return [*COMPOSE, "--file", file, "config", "--quiet"]


def build_service(service: str) -> list[str]:
    """Build the image of a service, one plain line per event."""
    return [*COMPOSE, "--progress", "plain", "build", service]


def start_service(service: str, replicas: int, *, recreate: bool = False, stop_seconds: int = 10) -> list[str]:
    """Create and start the replicas of a service, and nothing it depends on; 0 means as many as the file says.

    recreate: all of them again, where one that has not stopped after the seconds is killed; else those that are
    there stay as they are.
    """
    options = ["--detach", "--no-deps", "--no-build", "--timeout", str(stop_seconds)]
    options.append("--force-recreate" if recreate else "--no-recreate")
    if replicas:
        options += ["--scale", f"{service}={replicas}"]
    return [*ROLLOUT, "up", *options, service]


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


def show_stack_logs(services: list[str], lines: int, *, follow: bool) -> list[str]:
    """The last log lines of services, or of all; with `follow`, new ones too."""
    options = ["--tail", str(lines), *(["--follow"] if follow else [])]
    return [*ROLLOUT, "logs", "--no-color", *options, *services]


def follow_stack(since: int) -> list[str]:
    """The log lines of all services since a time, seconds since the epoch, and new ones."""
    return [*ROLLOUT, "logs", "--no-color", "--since", str(since), "--follow"]
