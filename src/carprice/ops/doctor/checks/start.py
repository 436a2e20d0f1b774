"""Family 1: a container will not start."""

import re

from carprice.names import API
from carprice.ops.docker import argv
from carprice.ops.docker.env_file import read_env
from carprice.ops.doctor.exit_reasons import Kind, list_exits
from carprice.ops.doctor.findings import Check, Family, Finding
from carprice.ops.doctor.snapshot import StackSnapshot

SIGNALS = {137: "SIGKILL", 139: "a memory fault (SIGSEGV)", 143: "SIGTERM"}
_MODULE = re.compile(r"No module named '([^']+)'")


def find_compose_errors(snapshot: StackSnapshot) -> list[Finding]:
    """The compose file cannot be read."""
    if not snapshot.config_problem:
        return []
    return [
        Finding(
            "The compose file cannot be read",
            snapshot.config_problem,
            "docker-compose.yml, its override or .env has a line that Compose does not understand",
            "Correct the line that is named, then: docker compose config --quiet",
        )
    ]


def find_missing_images(snapshot: StackSnapshot) -> list[Finding]:
    """An image that a service needs is not there."""
    if not snapshot.context:
        return []
    found = []
    for service, facts in snapshot.config.get("services", {}).items():
        image = facts.get("image", "")
        if (
            facts.get("profiles")
            or not image
            or snapshot.context.runner.try_run(argv.inspect_image(image)).code == 0
        ):
            continue
        if service == API:
            is_pinned = "IMAGE" in read_env(snapshot.context.env_file)
            cause = "The release that .env pins lost its image" if is_pinned else "The image was never built"
            fix = "./carprice rollback, or build again: ./carprice up --build" if is_pinned else "./carprice up"
        else:
            cause, fix = "The image was never pulled", f"docker compose pull {service}"
        found.append(Finding(f"The image of {service} is missing", f"no image {image}", cause, fix))
    return found


def find_import_errors(snapshot: StackSnapshot) -> list[Finding]:
    """A module is missing."""
    found = []
    for exit_ in list_exits(snapshot, Kind.IMPORT):
        module = _MODULE.search(exit_.line)
        name = module[1].split(".")[0] if module else "a name"
        is_own = name == "carprice"
        cause = (
            f"The code imports {name}, which {'the image has not' if snapshot.is_docker else 'is not installed'}"
            if module
            else "The code imports a name that the module does not have"
        )
        add = "" if is_own else ", or add it to requirements/serve.in and run requirements/lock"
        found.append(
            Finding(
                f"{exit_.instance.short_name} does not start: import error",
                exit_.evidence,
                cause,
                f"Correct the import{add}; then: {snapshot.rebuild}",
            )
        )
    return found


def find_missing_files(snapshot: StackSnapshot) -> list[Finding]:
    """A file is missing."""
    return [
        Finding(
            f"{exit_.instance.short_name} does not start: file not found",
            exit_.evidence,
            "A file that it needs is not in the image, or a mounted one is not in the checkout"
            if snapshot.is_docker
            else "A file that it needs is not in the checkout",
            f"Bring it back (git status), see that the Dockerfile copies it; then: {snapshot.rebuild}",
        )
        for exit_ in list_exits(snapshot, Kind.FILE)
    ]


def find_syntax_errors(snapshot: StackSnapshot) -> list[Finding]:
    """The code is not Python."""
    return [
        Finding(
            f"{exit_.instance.short_name} does not start: syntax error",
            exit_.evidence,
            "The code is not valid Python at that line",
            f"Correct {exit_.place or 'the line that is named'}; then: {snapshot.rebuild}",
        )
        for exit_ in list_exits(snapshot, Kind.SYNTAX)
    ]


def find_memory_kills(snapshot: StackSnapshot) -> list[Finding]:
    """It needs more memory than it may have."""
    return [
        Finding(
            f"{exit_.instance.short_name} was killed: out of memory",
            f"{exit_.evidence}{_name_limit(snapshot, exit_.instance.service)}",
            "It needed more memory than its limit allows, or the machine has",
            f"Raise deploy.resources.limits.memory of {exit_.instance.service} in docker-compose.yml; then: "
            f"docker compose up -d --no-deps {exit_.instance.service}",
        )
        for exit_ in list_exits(snapshot, Kind.MEMORY)
    ]


def find_other_ends(snapshot: StackSnapshot) -> list[Finding]:
    """It ended for a reason that its last lines state."""
    found = []
    for exit_ in list_exits(snapshot, Kind.OTHER):
        instance = exit_.instance
        signal = SIGNALS.get(instance.exit_code, "")
        cause = (
            f"It was ended by {signal}" if signal else f"It ended by itself with exit code {instance.exit_code}"
        )
        found.append(
            Finding(
                f"{instance.short_name} does not stay up",
                exit_.evidence,
                f"{cause}; its last lines say why",
                f"./carprice logs {instance.service}; fix it, then: {snapshot.rebuild}",
            )
        )
    return found


def _name_limit(snapshot: StackSnapshot, service: str) -> str:
    limits = snapshot.config.get("services", {}).get(service, {}).get("deploy", {}).get("resources", {})
    memory = limits.get("limits", {}).get("memory")
    return f", limit {int(memory) >> 20} MB" if memory else ""


FAMILY = Family(
    "A container will not start",
    (
        Check(
            "compose file",
            "`docker compose` and `./carprice up` end with an error about docker-compose.yml",
            "the compose file, its override or .env has a line that Compose does not understand",
            "correct the line that is named; `docker compose config --quiet` says when it is right",
            find_compose_errors,
        ),
        Check(
            "image missing",
            "`No such image`, or a pull that is refused",
            "the image was never built or pulled, or was removed though a release pins it",
            "`./carprice up` builds the first one; `./carprice rollback` takes a release that has its image",
            find_missing_images,
        ),
        Check(
            "import error",
            "the container ends at once with `ModuleNotFoundError` or `ImportError`",
            "the code imports something that the lock of the image does not have",
            "correct the import, or add the library to `requirements/serve.in`, run `requirements/lock`, build",
            find_import_errors,
        ),
        Check(
            "file not found",
            "it ends with `FileNotFoundError`, `can't open file` or `executable file not found`",
            "a file is not in the image (see the Dockerfile's COPY lines, .dockerignore), or a mount is missing",
            "bring it back and build again",
            find_missing_files,
        ),
        Check(
            "syntax error",
            "it ends with `SyntaxError` or `IndentationError`",
            "the code is not valid Python",
            "correct the line that is named and build again",
            find_syntax_errors,
        ),
        Check(
            "out of memory",
            "it ends with exit code 137",
            "it needed more memory than its limit in the compose file",
            "raise `deploy.resources.limits.memory` of the service and start it again",
            find_memory_kills,
        ),
        Check(
            "other exit",
            "it ends with any other exit code",
            "its last lines say",
            "fix what they name and build again",
            find_other_ends,
        ),
    ),
)
