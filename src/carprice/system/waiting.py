"""Waiting for something to become true: one loop, with a deadline and a growing pause."""

import time
from collections.abc import Callable
from typing import TypeVar

PAUSE_SECONDS = 0.1
PAUSE_GROWTH = 1.5
MAX_PAUSE_SECONDS = 0.5

T = TypeVar("T")


def wait_for(
    look: Callable[[], T],
    seconds: float,
    is_done: Callable[[T], object] = bool,
    pause: float = PAUSE_SECONDS,
    max_pause: float = MAX_PAUSE_SECONDS,
) -> T:
    """Look again and again until is_done(what look returned), and return that.

    After `seconds` it returns what the last look gave, which is not done: the caller says what was waited for. At
    least two looks are made, the last one at the deadline or later. Between two looks it sleeps `pause` seconds
    at first, then longer, at most max_pause; 0 is no pause at all.
    """
    end = time.monotonic() + seconds
    while not is_done(found := look()):
        if (left := end - time.monotonic()) <= 0:
            return found
        if pause:
            time.sleep(min(pause, left))
        pause = min(pause * PAUSE_GROWTH, max(pause, max_pause))
    return found
