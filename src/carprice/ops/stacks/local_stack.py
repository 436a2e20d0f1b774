"""The stack of processes on this machine, without containers."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from carprice.errors import StackError
from carprice.ops.doctor.diagnosis import explain, explained
from carprice.ops.doctor.snapshot import StackSnapshot
from carprice.ops.doctor.snapshot_local import take_snapshot
from carprice.ops.lifecycle import is_beyond_retries
from carprice.ops.limits import load_limits
from carprice.ops.local.logs import follow_logs, measure_logs, read_tails
from carprice.ops.local.processes import read_instance, read_status
from carprice.ops.local.services import Service, build_services
from carprice.ops.local.stack import choose_services, find_services, restart_services, start_stack, stop_stack
from carprice.ops.local.supervisor import is_gone
from carprice.ops.stacks.protocol import LOCAL, Lines
from carprice.ops.status import ServiceStatus
from carprice.settings import Settings


@dataclass(frozen=True)
class LocalStack:
    """A stack that supervisord runs."""

    settings: Settings
    say: Callable[[str], None]
    name: str = LOCAL

    @property
    def label_width(self) -> int:
        """Of the longest service's name."""
        return max(len(service.name) for service in self._services())

    def describe(self) -> str:
        """Where it runs."""
        return "On this machine, without containers"

    def up(self, *, build: bool = False) -> Lines | None:
        """Bring it up; a failure says what the doctor finds while what failed is still there."""
        if build:
            raise StackError("There is nothing to build without containers", "Leave --build out, or use --docker")
        services = build_services(self.settings)
        sizes = measure_logs(services)
        with explained(self.snapshot):
            started = start_stack(self.settings, self.say, before_stop=lambda error: explain(error, self.snapshot))
        if not started:
            return None
        return follow_logs(services, sizes, lambda: is_gone(self.settings))

    def addresses(self) -> Sequence[tuple[str, str]]:
        """Service and URL, the API first."""
        return [(service.name, service.url) for service in reversed(build_services(self.settings))]

    def interrupt(self) -> None:
        """Stop every process."""
        stop_stack(self.settings, self.say)

    def down(self, *, volumes: bool = False) -> bool:
        """Stop every process, with `volumes` remove MLflow's data too."""
        ran = stop_stack(self.settings, self.say)
        folder = self.settings.var_dir / "mlflow"
        if volumes and folder.exists():
            shutil.rmtree(folder)
            return True
        return ran

    def restart(self, names: Sequence[str]) -> None:
        """Stop and start each of the services."""
        restart_services(self.settings, list(names), self.say)

    def status(self) -> list[ServiceStatus]:
        """Every process."""
        return read_status(self.settings, *find_services(self.settings))

    def stop_crash_loops(self) -> list[str]:
        """Stop the processes that crashed in a loop for too long."""
        services, supervisor = find_services(self.settings)
        if supervisor is None:
            return []
        limit = load_limits(self.settings.stack_dir).max_restarts
        processes = supervisor.list_processes()
        found = [read_instance(service, processes[service.name]) for service in services]
        looping = [item for item in found if is_beyond_retries(item.facts(), limit)]
        for item in looping:
            supervisor.stop_service(item.name)
            self.say(f"{item.name} crashed {item.restarts} times and was stopped: max_restarts is {limit}")
        return [item.name for item in looping]

    def logs(self, names: Sequence[str], lines: int, *, follow: bool) -> Lines:
        """The last log lines of each service."""
        services = choose_services(self._services(), list(names))
        sizes = measure_logs(services)
        yield from read_tails(services, sizes, lines)
        if follow:
            yield from follow_logs(services, sizes, lambda: is_gone(self.settings))

    def snapshot(self) -> StackSnapshot:
        """What the doctor looks at."""
        return take_snapshot(self.settings)

    def _services(self) -> list[Service]:
        return find_services(self.settings)[0]
