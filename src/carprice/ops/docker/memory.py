"""How much memory containers hold."""

from contextlib import suppress
from pathlib import Path

from carprice.ops.docker import compose_argv
from carprice.ops.docker.containers import Container
from carprice.system.processes import Runner, measure_memory

UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def measure_containers(runner: Runner, containers: list[Container]) -> dict[str, int]:
    """Bytes per id of a running container.

    Read from this machine's processes where they are here, else asked of Docker, which takes two seconds.
    """
    running = [item for item in containers if item.is_running]
    if not running:
        return {}
    if all(_is_here(item) for item in running):
        return {item.id: measure_memory(item.pid) for item in running}
    lines = runner.try_run(compose_argv.show_memory([item.id for item in running])).stdout.splitlines()
    return dict(found for line in lines if (found := _read_line(line)))


def _is_here(container: Container) -> bool:
    """Whether the container's process is of this machine, and not of one that Docker runs elsewhere."""
    try:
        return container.id in Path(f"/proc/{container.pid}/cgroup").read_text()
    except OSError:
        return False


def _read_line(line: str) -> tuple[str, int] | None:
    """`ID 48.2MiB / 2GiB` as id and bytes."""
    words = line.split()
    if len(words) < 2:
        return None
    number = words[1].rstrip("KMGTiB")
    with suppress(ValueError):
        return words[0], int(float(number) * UNITS.get(words[1][len(number) :], 1))
    return None
