"""A bundle loaded in a process of its own first, which may die, hang or grow without harm to this one.

`python -m carprice.tracking.proof FOLDER` is such a process.
"""

import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

from carprice.errors import BundleError, StackError
from carprice.model.bundle.manifest import RETRAIN
from carprice.model.pricer import load_pricer
from carprice.names import MIB
from carprice.settings import ROOT
from carprice.system.processes import Runner

SECONDS = 60.0
"""A hundred times what the largest bundle takes."""
MEMORY_BYTES = 4096 * MIB
NO_MEMORY = 3


def prove_apart(folder: Path, seconds: float = SECONDS) -> None:
    """Load a bundle and price its golden listings in another process.

    Raises BundleError where that process dies, does not end, or needs too much memory; a bundle that is refused in
    order is not this function's matter, and load_pricer says why.
    """
    argv = [sys.executable, "-m", "carprice.tracking.proof", str(folder.absolute())]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    try:
        code = Runner(ROOT, environment, shares_lock=False).try_run(argv, seconds).code
    except StackError:
        raise BundleError(f"{folder}: could not be loaded within {seconds:g} s", RETRAIN) from None
    if code < 0:
        raise BundleError(f"{folder}: ends the process that loads it, by signal {-code}", RETRAIN)
    if code == NO_MEMORY:
        raise BundleError(f"{folder}: needs more than {MEMORY_BYTES // MIB} MB to be loaded", RETRAIN)


def main(folder: str) -> int:
    """Load the bundle; whatever is wrong with it in order is for the caller to find."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(BundleError):
        try:
            load_pricer(Path(folder))
        except MemoryError:
            return NO_MEMORY
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
