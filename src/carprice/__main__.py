"""python -m carprice: the command line."""

import sys

from carprice.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
