"""Breaks a running service from the inside, the way a bug would. Put this folder on PYTHONPATH.

It waits in every worker for the file that CARPRICE_TEST_FAULT names to hold one of:
  lock     a lock that every answer needs is taken and never given back
  hang     the trees never return a price
  wrong    the trees return another price than in training
"""

import ctypes
import gc
import os
import threading
import time
from pathlib import Path
from typing import Any

POLL_SECONDS = 0.05


def find_objects(name: str) -> list[Any]:
    """Every living instance of the class with that name."""
    return [item for item in gc.get_objects() if type(item).__name__ == name]


def hold_lock() -> None:
    """Take the metrics' lock for ever."""
    for metrics in find_objects("Metrics"):
        metrics._lock.acquire()


def hang_trees() -> None:
    """Let no row be priced any more."""
    for trees in find_objects("Trees"):
        type(trees).predict_row = lambda self, row: threading.Event().wait()


def change_trees() -> None:
    """Set the leaves of the first tree, through LightGBM's own interface."""
    for booster in find_objects("_Booster"):
        leaf = 0
        while booster.library.LGBM_BoosterSetLeafValue(booster.handle, 0, leaf, ctypes.c_double(1.0)) == 0:
            leaf += 1


FAULTS = {"lock": hold_lock, "hang": hang_trees, "wrong": change_trees}


def wait_for_fault(path: Path) -> None:
    """Cause the fault that the file names, once; it is removed, so that a fresh worker is a sound one."""
    while True:
        try:
            name = path.read_text().strip()
        except FileNotFoundError:
            name = ""
        if name in FAULTS:
            path.unlink()
            FAULTS[name]()
            return
        time.sleep(POLL_SECONDS)


def watch() -> None:
    """Look for the fault in the background: after each fork, as threads do not survive one."""
    path = Path(os.environ["CARPRICE_TEST_FAULT"])
    threading.Thread(target=wait_for_fault, args=(path,), daemon=True).start()


if "CARPRICE_TEST_FAULT" in os.environ:
    os.register_at_fork(after_in_child=watch)
