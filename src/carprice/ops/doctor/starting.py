"""Family 1: a container will not start."""

import re

from carprice.ops.docker import argv
from carprice.ops.docker.env_file import read_env
from carprice.ops.doctor.exit_reasons import Kind, list_deaths
from carprice.ops.doctor.findings import Check, Family, Finding
from carprice.ops.doctor.snapshot import Scene

SIGNALS = {137: "SIGKILL", 139: "a memory fault (SIGSEGV)", 143: "SIGTERM"}
_MODULE = re.compile(r"No module named '([^']+)'")


def find_compose_errors(scene: Scene) -> list[Finding]:
    """The compose file cannot be read."""
    if not scene.config_problem:
        return []
    return [
        Finding(
            "The compose file cannot be read",
            scene.config_problem,
            "docker-compose.yml, its override or .env has a line that Compose does not understand",
            "Mend the line that is named, then: docker compose config --quiet",
        )
    ]


def find_missing_images(scene: Scene) -> list[Finding]:
    """An image that a service needs is not there."""
    if not scene.site:
        return []
    found = []
    for service, facts in scene.config.get("services", {}).items():
        image = facts.get("image", "")
        if facts.get("profiles") or not image or scene.site.runner.try_run(argv.inspect_image(image)).code == 0:
            continue
        if service == argv.API:
            is_pinned = "IMAGE" in read_env(scene.site.env_file)
            cause = "The release that .env pins lost its image" if is_pinned else "The image was never built"
            cure = "./carprice rollback, or build anew: ./carprice up --build" if is_pinned else "./carprice up"
        else:
            cause, cure = "The image was never pulled", f"docker compose pull {service}"
        found.append(Finding(f"The image of {service} is missing", f"no image {image}", cause, cure))
    return found


def find_import_errors(scene: Scene) -> list[Finding]:
    """A module is missing."""
    found = []
    for death in list_deaths(scene, Kind.IMPORT):
        module = _MODULE.search(death.line)
        name = module[1].split(".")[0] if module else "a name"
        is_own = name == "carprice"
        cause = (
            f"The code imports {name}, which {'the image has not' if scene.is_docker else 'is not installed'}"
            if module
            else "The code imports a name that the module does not have"
        )
        add = "" if is_own else ", or add it to requirements/serve.in and run requirements/lock"
        found.append(
            Finding(
                f"{death.part.name} does not start: import error",
                death.evidence,
                cause,
                f"Mend the import{add}; then: {scene.rebuild}",
            )
        )
    return found


def find_missing_files(scene: Scene) -> list[Finding]:
    """A file is missing."""
    return [
        Finding(
            f"{death.part.name} does not start: file not found",
            death.evidence,
            "A file that it needs is not in the image, or a mounted one is not in the checkout"
            if scene.is_docker
            else "A file that it needs is not in the checkout",
            f"Bring it back (git status), see that the Dockerfile copies it; then: {scene.rebuild}",
        )
        for death in list_deaths(scene, Kind.FILE)
    ]


def find_syntax_errors(scene: Scene) -> list[Finding]:
    """The code is not Python."""
    return [
        Finding(
            f"{death.part.name} does not start: syntax error",
            death.evidence,
            "The code is not valid Python at that line",
            f"Mend {death.place or 'the line that is named'}; then: {scene.rebuild}",
        )
        for death in list_deaths(scene, Kind.SYNTAX)
    ]


def find_memory_kills(scene: Scene) -> list[Finding]:
    """It needs more memory than it may have."""
    return [
        Finding(
            f"{death.part.name} was killed: out of memory",
            f"{death.evidence}{_name_limit(scene, death.part.service)}",
            "It needed more memory than its limit allows, or the machine has",
            f"Raise deploy.resources.limits.memory of {death.part.service} in docker-compose.yml; then: "
            f"docker compose up -d --no-deps {death.part.service}",
        )
        for death in list_deaths(scene, Kind.MEMORY)
    ]


def find_other_ends(scene: Scene) -> list[Finding]:
    """It ended for a reason that its last lines tell."""
    found = []
    for death in list_deaths(scene, Kind.OTHER):
        part = death.part
        signal = SIGNALS.get(part.exit_code, "")
        cause = f"It was ended by {signal}" if signal else f"It ended by itself with exit code {part.exit_code}"
        found.append(
            Finding(
                f"{part.name} does not stay up",
                death.evidence,
                f"{cause}; its last lines tell why",
                f"./carprice logs {part.service}; mend it, then: {scene.rebuild}",
            )
        )
    return found


def _name_limit(scene: Scene, service: str) -> str:
    limits = scene.config.get("services", {}).get(service, {}).get("deploy", {}).get("resources", {})
    memory = limits.get("limits", {}).get("memory")
    return f", limit {int(memory) >> 20} MB" if memory else ""


FAMILY = Family(
    "A container will not start",
    (
        Check(
            "compose file",
            "`docker compose` and `./carprice up` end with an error about docker-compose.yml",
            "the compose file, its override or .env has a line that Compose does not understand",
            "mend the line that is named; `docker compose config --quiet` says when it is right",
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
            "mend the import, or add the library to `requirements/serve.in`, run `requirements/lock`; build anew",
            find_import_errors,
        ),
        Check(
            "file not found",
            "it ends with `FileNotFoundError`, `can't open file` or `executable file not found`",
            "a file is not in the image (see the Dockerfile's COPY lines, .dockerignore), or a mount is missing",
            "bring it back and build anew",
            find_missing_files,
        ),
        Check(
            "syntax error",
            "it ends with `SyntaxError` or `IndentationError`",
            "the code is not valid Python",
            "mend the line that is named and build anew",
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
            "its last lines tell",
            "mend what they name and build anew",
            find_other_ends,
        ),
    ),
)
