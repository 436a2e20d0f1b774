"""`carprice` that logs every output of a step, and kills itself with all its processes in the midst of one.

    DYING_LOG=... DYING_STEP=... DYING_NUMBER=... python dying.py WORDS...

It is killed when the output of the step after the first NUMBER ones is written but not yet there under its name.
Any number of listings is kept.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from carprice.engine import steps
from carprice.model.bundle import writing

BUNDLE = "write_bundle"
LOG, STEP, NUMBER = Path(os.environ["DYING_LOG"]), os.environ["DYING_STEP"], int(os.environ["DYING_NUMBER"])
_write_whole, _write_manifest = steps.write_whole, writing.write_manifest


def write_and_log(output: Path, write: Callable[[Path], Any]) -> None:
    """In the place of steps.write_whole."""

    def write_or_die(draft: Path) -> None:
        write(draft)
        if output.name.startswith(f"{STEP}-") and LOG.read_text().count(f"{STEP}-") >= NUMBER:
            os.killpg(0, signal.SIGKILL)

    _write_whole(output, write_or_die)
    with LOG.open("a") as log:
        log.write(f"{output.name}\n")


def write_manifest_or_die(folder: Path, manifest: dict[str, Any]) -> None:
    """In the place of writing.write_manifest: the last file of a bundle."""
    if STEP == BUNDLE:
        os.killpg(0, signal.SIGKILL)
    _write_manifest(folder, manifest)


# Before others import them; the processes of an engine run this module too.
steps.write_whole = write_and_log
writing.write_manifest = write_manifest_or_die

from carprice.training.on_engine import work  # noqa: E402

work.MIN_KEPT_ROWS = 1

if __name__ == "__main__":
    from carprice.cli.main import main

    LOG.touch()
    sys.exit(main())
