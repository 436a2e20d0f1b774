"""The container's process: the price service. The word `serve` may follow, as SageMaker has it.

The port is CARPRICE_PORT, else what the platform says, else 5000: docs/clients.md.
"""

import os
import sys
from pathlib import Path

SOURCE = str(Path(__file__).resolve().parent / "src")
SERVE = "serve"


def main() -> int:
    """Serve until it is stopped."""
    if sys.argv[1:] not in ([], [SERVE]):
        given = " ".join(sys.argv[1:])
        print(f"Error: this image serves, and takes no word but {SERVE} (got {given!r})", file=sys.stderr)
        print("To train: ./carprice train; the image for that is the Dockerfile's target trainer", file=sys.stderr)
        return 2
    sys.path.insert(0, SOURCE)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (SOURCE, os.environ.get("PYTHONPATH"))))
    from carprice.api.serving.platforms import read_platform
    from carprice.api.serving.server import serve
    from carprice.errors import CarPriceError
    from carprice.settings import load_settings

    try:
        os.environ.update(read_platform(os.environ))  # for the worker too, which reads its settings again
        return serve(load_settings(os.environ))
    except CarPriceError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
