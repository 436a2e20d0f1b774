"""Building the image: its stages as they are done, its names, and why it failed."""

import re
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from carprice.errors import StackError
from carprice.names import API
from carprice.ops.docker import argv, compose_argv
from carprice.ops.docker.env_file import find_project
from carprice.ops.journal import who
from carprice.ops.release import DEFAULT_RELEASE, LATEST, image_of
from carprice.ops.stack_context import Say, StackContext
from carprice.system.processes import Runner

LAST_LINES = 15
GIT_SECONDS = 10.0
BUILDING, BUILT, FAILED = "building", "built", "failed"

# BuildKit's plain progress: `#12 [car-price-api builder 3/4] COPY a b`, `#12 DONE 0.5s`, `#12 1.234 text`.
_STEP = re.compile(r"#(\d+) \[(?:\S+ )?([\w.-]+) +(\d+)/(\d+)\] (.+)")
_END = re.compile(r"#(\d+) (DONE|CACHED|ERROR|CANCELED)\b:? ?(.*)")
_OUTPUT = re.compile(r"#(\d+) [\d.]+ (.*)")


class BuildError(StackError):
    """The image could not be built; whatever runs was left as it is."""


@dataclass(frozen=True)
class Built:
    """An image and how it came to be. names: every name it was given. revision: empty outside of git."""

    image: str
    names: tuple[str, ...]
    revision: str
    seconds: float


def build_image(context: StackContext) -> Built:
    """Build the image of this folder and name it latest and after its revision; nothing that runs is touched.

    Raises BuildError with the last lines of the stage that failed.
    """
    revision = read_revision(context.runner)
    project = find_project(context.runner)
    image = image_of(LATEST, project)
    started = time.monotonic()
    _note(context, BUILDING)
    context.say("Building ...")
    try:
        run_build(context, image, revision)
    except BaseException as error:
        _note(context, FAILED, reason=str(error).splitlines()[0] if str(error) else type(error).__name__)
        raise
    names = [image, *([image_of(revision, project)] if revision else [])]
    for name in names[1:]:
        context.runner.run(argv.tag_image(image, name))
    seconds = time.monotonic() - started
    _note(context, BUILT, image=image, revision=revision, seconds=round(seconds, 3))
    context.say(f"Built {' = '.join(names)} ({seconds:.1f} s)")
    return Built(image, tuple(names), revision, seconds)


def read_revision(runner: Runner) -> str:
    """The short hash of the commit, with `-changed` where files differ from it; empty outside of git."""
    with suppress(StackError):
        found = runner.try_run(["git", "describe", "--always", "--exclude=*", "--dirty=-changed"], GIT_SECONDS)
        return found.stdout.strip() if found.code == 0 else ""
    return ""


def run_build(context: StackContext, image: str, revision: str) -> None:
    """Run Compose's build and say each stage that is done. Raises BuildError."""
    # The environment goes before .env, whose IMAGE may be a release that a build must not overwrite.
    named = {"IMAGE": image, "REVISION": revision or "unknown", "RELEASE": DEFAULT_RELEASE}
    runner = replace(context.runner, environment={**context.runner.environment, **named})
    with runner.watch_lines(compose_argv.build_service(API)) as process:
        story = BuildStory(context.say)
        story.read(process.stdout or ())
        code = process.wait()
    if code != 0:
        raise BuildError(
            f"The image was not built: {story.failure()}",
            "What runs was left as it is. Fix it, then: ./carprice build",
        )


@dataclass
class _Stage:
    """One stage of the Dockerfile while it is built."""

    started: float
    is_cached: bool = True
    is_done: bool = False


@dataclass
class _Step:
    """One step of a stage."""

    stage: str
    is_last: bool
    text: str
    output: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_LINES))


class BuildStory:
    """Reads BuildKit's plain lines and reports the stages."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._stages: dict[str, _Stage] = {}
        self._steps: dict[str, _Step] = {}
        self._failed: _Step | None = None
        self._tail: deque[str] = deque(maxlen=LAST_LINES)

    def read(self, lines: Iterable[str]) -> None:
        """Read to the end, saying each stage when its last step is done."""
        for line in lines:
            self._read_line(line.rstrip())

    def failure(self) -> str:
        """Which step failed and its last lines."""
        if self._failed is None:
            return "\n  ".join(["no step was begun", *self._tail])
        step = self._failed
        return "\n  ".join([f"stage {step.stage}, step `{step.text}` failed", *step.output])

    def _read_line(self, line: str) -> None:
        if line:
            self._tail.append(line)
        if match := _STEP.fullmatch(line):
            number, stage, at, of, text = match.groups()
            self._stages.setdefault(stage, _Stage(time.monotonic()))
            self._steps.setdefault(number, _Step(stage, at == of, text))
        elif match := _END.fullmatch(line):
            self._end_step(match[1], match[2])
        elif (match := _OUTPUT.fullmatch(line)) and match[1] in self._steps:
            self._steps[match[1]].output.append(match[2])

    def _end_step(self, number: str, how: str) -> None:
        step = self._steps.get(number)
        if step is None:
            return
        stage = self._stages[step.stage]
        if how == "ERROR":
            self._failed = self._failed or step
        if how == "DONE" and not step.text.startswith("FROM "):
            stage.is_cached = False
        if step.is_last and how in ("DONE", "CACHED") and not stage.is_done:
            stage.is_done = True
            took = "unchanged" if stage.is_cached else f"{time.monotonic() - stage.started:.1f} s"
            self._say(f"  stage {step.stage} ({took})")


def _note(context: StackContext, outcome: str, **facts: object) -> None:
    """Note it in the journal; one that cannot be written does not stop a build."""
    with suppress(StackError, OSError):
        context.journal.add("build", outcome=outcome, **{**who(), **facts})
