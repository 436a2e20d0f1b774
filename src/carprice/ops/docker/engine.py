"""Whether a Docker Engine can run a stack."""

from pathlib import Path

from carprice.errors import StackError
from carprice.ops.docker import argv, compose_argv
from carprice.ops.stack_context import StackContext

ENGINE_SECONDS = 10.0
COMPOSE_FILE = "docker-compose.yml"


def find_engine(context: StackContext) -> tuple[str, str]:
    """The version of the Docker Engine that answers, and why none does."""
    try:
        engine = context.runner.try_run(argv.show_engine(), ENGINE_SECONDS)
        if engine.code != 0:
            return "", (engine.stderr.strip().splitlines() or ["no Docker Engine answers"])[-1]
        compose = context.runner.try_run(compose_argv.show_compose(), ENGINE_SECONDS)
    except StackError as error:
        return "", error.what
    if compose.code != 0:
        return "", "Docker has no compose plugin"
    return engine.stdout.strip(), ""


def has_compose_file(folder: Path) -> bool:
    """Whether there is a stack to run on Docker."""
    return (folder / COMPOSE_FILE).exists()
