"""Starting an engine: processes of this machine, or the workers of a Dask cluster."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from multiprocessing import connection
from typing import TYPE_CHECKING

from carprice.engine.engine import AGAIN, Engine, Show
from carprice.errors import EngineError

if TYPE_CHECKING:
    from distributed import Client

LOCAL = "local"
SCHEMES = ("tcp://", "tls://")
EXAMPLE = "tcp://host:8786"
RETRIES = 3
"""So often Dask gives a step to another worker."""
CONNECT_SECONDS = 10
THREADS = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS")
"""What limits the threads of the libraries."""


def open_engine(
    address: str = LOCAL, workers: int = 0, show: Show | None = None
) -> AbstractContextManager[Engine]:
    """The engine of an address: LOCAL, or that of a Dask scheduler, such as tcp://host:8786 or tls://host:8786.

    workers: processes of this machine, by default one for each core; of one, steps run in this process.
    """
    return _open_local(workers, show) if address == LOCAL else _open_dask(address, show)


@contextmanager
def _open_local(workers: int, show: Show | None) -> Iterator[Engine]:
    cores = os.cpu_count() or 1
    workers = workers or cores
    with ThreadPoolExecutor(1, "steps") as alone:
        if workers == 1:
            yield Engine(alone, alone, show)
            return
        others = set(multiprocessing.active_children())
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(workers, context, _start_process, (max(cores // workers, 1),))
        try:
            yield Engine(pool, alone, show)
        except BaseException:
            for child in set(multiprocessing.active_children()) - others:
                child.kill()
            raise
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _open_dask(address: str, show: Show | None) -> Iterator[Engine]:
    if not address.startswith(SCHEMES):
        raise EngineError(f"--engine {address}: should be the address of a Dask scheduler", f"Such as {EXAMPLE}")
    try:
        from distributed import Client, KilledWorker
    except ModuleNotFoundError:
        raise EngineError(
            f"--engine {address}: needs Dask, which is not installed", "Install it: pip install 'carprice[dask]'"
        ) from None
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except OSError as error:
        raise EngineError(
            f"--engine {address}: no Dask scheduler answers ({error})", "Start one: docs/scale.md shows how"
        ) from None
    with client:
        _await_worker(client, address)
        executor = client.get_executor(pure=False, retries=RETRIES)
        try:
            yield Engine(executor, executor, show, partial(_has_workers, client))
        except KilledWorker as error:
            raise EngineError(
                f"A step ended {error.allowed_failures + 1} workers, the last {error.last_worker.address}: it may "
                "need more memory than they have",
                AGAIN,
            ) from None


def _await_worker(client: "Client", address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
    except TimeoutError:
        raise EngineError(
            f"--engine {address}: the scheduler has no worker", "Start some: docs/scale.md shows how"
        ) from None


def _has_workers(client: "Client") -> bool:
    try:
        return bool(client.nthreads())
    except OSError:  # the scheduler is gone, which ends the steps by itself
        return True


def _start_process(threads: int) -> None:
    """In a process of the pool: it ends with the one that started it, and at Ctrl-C; drafts alone are lost."""
    os.environ.update(dict.fromkeys(THREADS, str(threads)))
    signal.signal(signal.SIGINT, lambda *_: os._exit(128 + signal.SIGINT))
    parent = multiprocessing.parent_process()
    assert parent

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
