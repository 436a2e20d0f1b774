"""Everything known of the local stack, for the doctor."""

import os

from carprice.ops.doctor.snapshot import StackSnapshot, find_versions
from carprice.ops.local.processes import check_instance
from carprice.ops.local.stack import find_services
from carprice.settings import Settings


def take_snapshot(settings: Settings) -> StackSnapshot:
    """Gather everything about the local stack, whatever state it is in."""
    services, supervisor = find_services(settings)
    processes = supervisor.list_processes() if supervisor else {}
    versions, problem = find_versions(settings.artifacts_dir, settings.model_version)
    return StackSnapshot(
        name="local",
        artifacts_dir=settings.artifacts_dir,
        logs_dir=settings.logs_dir,
        folder=settings.var_dir,
        instances=tuple(check_instance(service, processes.get(service.name)) for service in services),
        ports=tuple((service.name, service.host, service.port) for service in services),
        uid=os.getuid(),
        gid=os.getgid(),
        versions=versions,
        versions_problem=problem,
        trusted_keys=settings.trusted_keys,
        api_keys=settings.api_keys_folder,
    )
