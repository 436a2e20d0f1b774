"""Ends a worker that no longer prices, so that whoever starts this process starts it afresh.

Docker and supervisord restart what exits, never what hangs. The main process, which does nothing but wait
for its worker, asks it for its status; a worker that is stopped, in a dead lock, or prices no longer as in
training gives no 200, and after a few times in a row it is killed.
"""

import http.client
import threading
from collections.abc import Callable
from dataclasses import dataclass

STATUS_PATH = "/info/status"


@dataclass(frozen=True)
class Watchdog:
    """Asks the worker on a port every `seconds`; after `failures` bad answers in a row, calls end_worker once.

    It begins to count at the first good answer: a service that never had a model says so, and stays up.
    """

    port: int
    seconds: float
    failures: int
    end_worker: Callable[[str], None]

    def start(self) -> threading.Event:
        """Watch in the background until the returned event is set."""
        stopped = threading.Event()
        threading.Thread(target=self._watch, args=(stopped,), name="watchdog", daemon=True).start()
        return stopped

    def _watch(self, stopped: threading.Event) -> None:
        was_ready = False
        failed = 0
        while not stopped.wait(self.seconds):
            problem = self._ask()
            was_ready = was_ready or not problem
            failed = failed + 1 if problem and was_ready else 0
            if failed >= self.failures:
                self.end_worker(problem)
                return

    def _ask(self) -> str:
        """What is wrong, or nothing."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.seconds)
        try:
            connection.request("GET", STATUS_PATH)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return f"no answer within {self.seconds:g} s ({type(error).__name__})"
        finally:
            connection.close()
        return "" if status == 200 else f"status {status}"
