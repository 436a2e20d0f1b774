"""The container's process: the price service, on port 5000 unless CARPRICE_PORT says otherwise."""

import os
import sys
from pathlib import Path

SOURCE = str(Path(__file__).resolve().parent / "src")


def main() -> int:
    """Serve until it is stopped."""
    sys.path.insert(0, SOURCE)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (SOURCE, os.environ.get("PYTHONPATH"))))
    from carprice.api.serving.server import serve
    from carprice.errors import CarPriceError
    from carprice.settings import load_settings

    try:
        return serve(load_settings(os.environ))
    except CarPriceError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
