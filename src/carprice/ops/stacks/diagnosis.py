"""What the doctor finds, for the commands that need it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from carprice.errors import CarPriceError, StackError
from carprice.ops.docker.build import BuildError
from carprice.ops.docker.engine import find_engine, has_compose_file
from carprice.ops.docker.env_file import read_env
from carprice.ops.doctor.checks import add_findings, diagnose
from carprice.ops.doctor.snapshot import Scene
from carprice.ops.local.supervisor import find_supervisor
from carprice.ops.stack_context import Say, open_site
from carprice.ops.stacks import on_docker, on_local
from carprice.settings import Settings

NO_NEWS = "stack down"


def look_at_stack(settings: Settings, forced: str, say: Say) -> Scene:
    """The stack that is named, else the one that runs, else Docker's where it is used or an engine answers."""
    wanted = forced or settings.stack
    is_local = find_supervisor(settings) is not None or not has_compose_file(settings.stack_dir)
    if wanted == on_local.NAME or (not wanted and is_local):
        return on_local.look(settings)
    site = open_site(settings.stack_dir, say)
    is_used = "DOCKER_HOST" in site.runner.environment or "IMAGE" in read_env(site.env_file)
    if wanted == on_docker.NAME or is_used or find_engine(site)[0]:
        return on_docker.look(settings, say)
    return on_local.look(settings)


@contextmanager
def explained(settings: Settings, forced: str, say: Say) -> Iterator[None]:
    """A failure of the block says what the doctor finds behind it. A build that failed has said why itself."""
    try:
        yield
    except BuildError:
        raise
    except StackError as error:
        with suppress(CarPriceError):
            found = diagnose(look_at_stack(settings, forced, say))
            # What could not be started is not up: that is no news.
            add_findings(error, [item for item in found if item.check != NO_NEWS])
        raise
