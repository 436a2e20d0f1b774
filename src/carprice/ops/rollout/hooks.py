"""Executables in hooks/ that run around a rollout, with the release in their environment."""

import os
from tempfile import NamedTemporaryFile

from carprice.errors import StackError
from carprice.ops.release import Release
from carprice.ops.stack_context import StackContext
from carprice.system.processes import Runner

STOPPING = "pre-rollout"
HOOK_SECONDS = 60.0

_RUN = 'exec "$0" >"$1" 2>&1'


def run_hook(context: StackContext, name: str, release: Release) -> None:
    """Run a hook where there is one. A failing pre-rollout hook raises StackError; others only warn."""
    path = context.folder / "hooks" / name
    if not os.access(path, os.X_OK):
        return
    facts = {
        "CARPRICE_HOOK": name,
        "CARPRICE_RELEASE": release.name,
        "CARPRICE_IMAGE": release.image,
        "CARPRICE_MODEL_VERSION": release.model,
    }
    # A hook may leave something running, which must not hold the rollout's lock.
    runner = Runner(context.folder, {**context.runner.environment, **facts}, shares_lock=False)
    # Its output goes to a file, because a pipe would wait for whatever it leaves running.
    with NamedTemporaryFile("r", errors="replace") as output:
        try:
            code = runner.try_run(["sh", "-c", _RUN, str(path), output.name], HOOK_SECONDS).code
            ending = f"ended with exit code {code}"
        except StackError:
            code, ending = None, f"did not end within {HOOK_SECONDS:g} s"
        lines = output.read().strip().splitlines()[-5:]
    if code == 0:
        return
    what = f"Hook {name} {ending}: " + "\n  ".join(lines)
    if name == STOPPING:
        raise StackError(what, f"Correct it, or remove it: rm {path}")
    context.say(f"Warning: {what}")
