"""The listings of recent requests, as the API keeps some in logs/."""

import json
from pathlib import Path
from typing import Any

from carprice.names import MIB, SAMPLE_FILE
from carprice.system.files import read_regular

MAX_SAMPLE_BYTES = 16 * MIB
"""Of each file: its end."""


def read_sample(logs_dir: Path, count: int) -> list[dict[str, Any]]:
    """The listings of the most recent valid requests, at most so many; none where the files are no plain files.

    The replicas write them, so nothing that they hold is trusted.
    """
    listings = []
    for name in (f"{SAMPLE_FILE}.1", SAMPLE_FILE):
        try:
            text = read_regular(logs_dir / name, MAX_SAMPLE_BYTES).decode(errors="replace")
        except OSError:
            continue
        for line in text.splitlines():
            try:
                listing = json.loads(line)["listing"]
            except (ValueError, KeyError, TypeError, RecursionError):
                continue
            if isinstance(listing, dict):
                listings.append(listing)
    return listings[-count:] if count else []
