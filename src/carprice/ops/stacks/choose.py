"""Which stack a command is about."""

import os
from collections.abc import Callable
from pathlib import Path

from carprice.errors import StackError
from carprice.ops.docker.engine import find_engine, has_compose_file
from carprice.ops.docker.env_file import read_env
from carprice.ops.kubernetes.cluster import Cluster, check_overlay
from carprice.ops.local.supervisor import find_supervisor
from carprice.ops.stack_context import make_context
from carprice.ops.stacks.docker_stack import DockerStack
from carprice.ops.stacks.kubernetes_stack import KubernetesStack
from carprice.ops.stacks.local_stack import LocalStack
from carprice.ops.stacks.protocol import DOCKER, LOCAL, Stack
from carprice.settings import OVERLAY_PREFIX, Settings
from carprice.system.processes import Runner


def find_stack(settings: Settings, forced: str, say: Callable[[str], None]) -> Stack:
    """The stack asked for, else the one that runs, else Docker's where it is used or an engine answers.

    forced: docker, local, kubernetes: with the folder of an overlay, or empty where none was asked for. Raises
    StackError for a damaged .env file, and for a folder that is no overlay.
    """
    wanted = forced or settings.stack
    if wanted.startswith(OVERLAY_PREFIX):
        return KubernetesStack(settings, make_cluster(Path(wanted.removeprefix(OVERLAY_PREFIX))), say)
    local = LocalStack(settings, say)
    is_local = find_supervisor(settings) is not None or not has_compose_file(settings.stack_dir)
    if wanted == LOCAL or (not wanted and is_local):
        return local
    context = make_context(settings, say)
    is_used = "DOCKER_HOST" in context.runner.environment or "IMAGE" in read_env(context.env_file)
    return DockerStack(context) if wanted == DOCKER or is_used or find_engine(context)[0] else local


def choose_stack(settings: Settings, forced: str, say: Callable[[str], None]) -> Stack:
    """The stack to drive, which can be driven: as find_stack, but Docker only where an engine answers.

    Raises StackError where no engine answers and Docker is asked for, or has this stack's releases.
    """
    stack = find_stack(settings, forced, say)
    if not isinstance(stack, DockerStack):
        return stack
    context = stack.context
    version, reason = find_engine(context)
    if version:
        return stack
    if DOCKER in (forced, settings.stack):
        raise StackError(f"No Docker Engine answers: {reason}", "Find out more: ./carprice doctor --docker")
    if "IMAGE" in read_env(context.env_file):
        raise StackError(
            f"{context.live.name} is live on Docker by {context.env_file}, and no Docker Engine answers: {reason}",
            "Start the engine (./carprice doctor says more), or drive the stack without Docker: --local",
        )
    return LocalStack(settings, say)


def require_docker(settings: Settings) -> None:
    """Raise StackError where the stack without containers is up: what it serves is no release."""
    if find_supervisor(settings):
        raise StackError(
            "The stack without containers is up, and rollouts are for Docker",
            "Serve the champion on it: ./carprice restart; "
            "or change to Docker: ./carprice down, then ./carprice up --docker",
        )


def make_cluster(overlay: Path) -> Cluster:
    """The cluster of kubectl's current context, for an overlay. Raises StackError where the folder is none."""
    return Cluster(check_overlay(overlay), Runner(Path.cwd(), dict(os.environ)))
