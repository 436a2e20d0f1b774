"""python -m carprice, or carprice where the package is installed: the command line."""

import sys

from carprice.cli.main import main


def run() -> None:
    """Run the command line, and end with its exit code."""
    sys.exit(main())


if __name__ == "__main__":
    run()
