"""Another user, without rights, for what root is never refused."""

import os
import subprocess
import sys
from pathlib import Path

NOBODY = 65534


def run_as_nobody(code: str, *arguments: Path) -> str:
    """Run Python code as a user without rights, and return what it printed or was refused with.

    Its arguments are sys.argv[1:]; Path, sys and CarPriceError are there.
    """
    # Imports come before the change of user, who may not be allowed to read this checkout.
    program = (
        "import os, sys; from pathlib import Path; from carprice.errors import CarPriceError\n"
        "import carprice.model.pricer, carprice.model.bundle.writing\n"
        "import carprice.model.forest.lightgbm_capi as trees\n"
        f"trees._load_library(); os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        f"try:\n    exec({code!r})\n"
        "except CarPriceError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
