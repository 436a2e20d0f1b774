"""The argv of every `docker` command the product runs. Pure: lists in, lists out.

Compose (compose_argv.py) creates and starts, because only it reads the compose file. Everything else asks Docker
itself by the labels that Compose gives: ten times as fast, and a rollout asks often.
"""

from pathlib import Path

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
RESTART_POLICY = "unless-stopped"
RUNTIME_PORT = 9999
"""Of HAProxy's runtime API, on the loopback of the edge's container."""

_EXIT_CODE = "{{.Actor.Attributes.exitCode}}"
_CONNECT = f"exec 3<>/dev/tcp/127.0.0.1/{RUNTIME_PORT}"
_ASK = f'{_CONNECT}; printf "%s\\n" "$0" >&3; cat <&3'
# The key is read inside the container: it is in no list of processes.
_SET_CERTIFICATE = (
    f"{_CONNECT}; {{ printf 'set ssl cert %s <<\\n' \"$0\"; cat \"$0\"; printf '\\n'; }} >&3; cat <&3"
)
# Docker leaves a program in a container running when whoever started it has ended: this one ends with its
# stdin.
_FOLLOW = f'{_CONNECT} 4<&0; printf "%s\\n" "$0" >&3; (read -r <&4; kill $$) >/dev/null 2>&1 & exec cat <&3 4<&-'


def list_containers(project: str, service: str = "") -> list[str]:
    """The ids of a stack's containers, or of one service's, stopped ones too."""
    # `docker compose run` makes containers of the same service that are none of its replicas.
    labels = [f"{PROJECT_LABEL}={project}", *([f"{SERVICE_LABEL}={service}"] if service else [])]
    labels.append("com.docker.compose.oneoff=False")
    filters = [word for label in labels for word in ("--filter", f"label={label}")]
    return ["docker", "container", "ls", "--all", "--quiet", "--no-trunc", *filters]


def inspect_containers(ids: list[str]) -> list[str]:
    """Everything Docker knows of the containers, as JSON."""
    return ["docker", "container", "inspect", *ids]


def list_publishers(port: int) -> list[str]:
    """The names of the containers that publish a port of this machine."""
    return ["docker", "container", "ls", "--filter", f"publish={port}", "--format", "{{.Names}}"]


def stop_containers(ids: list[str], seconds: int) -> list[str]:
    """Stop containers; Docker kills what has not stopped after the seconds."""
    return ["docker", "container", "stop", "--time", str(seconds), *ids]


def restart_container(container: str, seconds: int) -> list[str]:
    """Stop and start one container; Docker kills what has not stopped after the seconds."""
    return ["docker", "container", "restart", "--time", str(seconds), container]


def remove_containers(ids: list[str]) -> list[str]:
    """Remove containers, killing what still runs."""
    return ["docker", "container", "rm", "--force", *ids]


def disable_restart(ids: list[str]) -> list[str]:
    """Let Docker not start the containers again; stop them first: it refuses this for one that is just ending."""
    return ["docker", "container", "update", "--restart", "no", *ids]


def enable_restart(ids: list[str]) -> list[str]:
    """Let Docker start the containers again when they end by themselves."""
    return ["docker", "container", "update", "--restart", RESTART_POLICY, *ids]


def show_logs(container: str, lines: int) -> list[str]:
    """The last log lines of one container."""
    return ["docker", "container", "logs", "--tail", str(lines), container]


def show_memory(ids: list[str]) -> list[str]:
    """The memory that each container uses now, in bytes of Docker's own wording."""
    return ["docker", "container", "stats", "--no-stream", "--no-trunc", "--format", "{{.ID}} {{.MemUsage}}", *ids]


def list_exit_codes(container: str, now: float) -> list[str]:
    """The exit codes of a container's runs, oldest first, a line each; Docker forgets them with each new start.

    now: seconds since 1970, with their fraction: Docker takes `--until 0s` for the last whole second.
    """
    filters = ["--filter", f"container={container}", "--filter", "event=die"]
    return ["docker", "events", "--since", "1h", "--until", f"{now:.9f}", *filters, "--format", _EXIT_CODE]


def inspect_image(image: str) -> list[str]:
    """Everything Docker knows of an image, as JSON."""
    return ["docker", "image", "inspect", image]


def list_tags(name: str) -> list[str]:
    """The tags of an image name, a line each."""
    return ["docker", "image", "ls", "--format", "{{.Tag}}", name]


def tag_image(image: str, tag: str) -> list[str]:
    """Give an image one more name."""
    return ["docker", "image", "tag", image, tag]


def remove_image(image: str) -> list[str]:
    """Remove one name of an image."""
    return ["docker", "image", "rm", image]


def pull_image(image: str) -> list[str]:
    """Pull an image."""
    return ["docker", "image", "pull", "--quiet", image]


def show_engine() -> list[str]:
    """The version of the engine that answers."""
    return ["docker", "version", "--format", "{{.Server.Version}}"]


def edge_runtime(edge: str, command: str) -> list[str]:
    """One command on the edge's runtime API, which listens on its container's own loopback."""
    return ["docker", "container", "exec", edge, "bash", "-c", _ASK, command]


def edge_certificate(edge: str, path: str) -> list[str]:
    """Let the edge read a file with certificates and key again, for a `commit ssl cert` to follow."""
    return ["docker", "container", "exec", edge, "bash", "-c", _SET_CERTIFICATE, path]


def edge_events(edge: str) -> list[str]:
    """Every request that the edge remembers, then every one as it ends, until stdin is closed."""
    return ["docker", "container", "exec", "--interactive", edge, "bash", "-c", _FOLLOW, "show events proof -w"]


def build_folder(folder: Path, image: str) -> list[str]:
    """Build an image of a folder with a Dockerfile."""
    return ["docker", "build", "--quiet", "--tag", image, str(folder)]
