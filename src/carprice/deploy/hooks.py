"""Executables in hooks/ that run around a rollout, with the release in their environment."""

import os

from carprice.deploy.release import Release
from carprice.deploy.runner import Runner
from carprice.deploy.site import Site
from carprice.errors import StackError

HOOKS = ("pre-rollout", "post-switch", "post-rollout", "on-failure")
STOPPING = "pre-rollout"
HOOK_SECONDS = 60.0


def run_hook(site: Site, name: str, release: Release) -> None:
    """Run a hook where there is one. A failing pre-rollout hook raises StackError; others are only told of."""
    path = site.folder / "hooks" / name
    if not os.access(path, os.X_OK):
        return
    facts = {
        "CARPRICE_HOOK": name,
        "CARPRICE_RELEASE": release.name,
        "CARPRICE_IMAGE": release.image,
        "CARPRICE_MODEL_VERSION": release.model,
    }
    # A hook may leave something running, which must not hold the rollout's lock.
    runner = Runner(site.folder, {**site.runner.environment, **facts}, shares_lock=False)
    result = runner.try_run([str(path)], HOOK_SECONDS)
    if result.code == 0:
        return
    lines = (result.stderr or result.stdout).strip().splitlines()[-5:]
    what = f"Hook {name} ended with exit code {result.code}: " + "\n  ".join(lines)
    if name == STOPPING:
        raise StackError(what, f"Mend it, or remove it: {path}")
    site.say(f"Warning: {what}")
