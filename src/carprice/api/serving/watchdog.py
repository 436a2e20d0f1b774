"""Ends a worker that no longer prices, so that Docker or supervisord starts the process again.

They restart what exits, but not what hangs. The main process, which otherwise only waits for its worker, asks for
the worker's status. A worker that is stopped, in a deadlock, or does not price as in training does not answer 200;
after a few times in a row it is killed. One whose threads all wait for slow clients does not answer either, but
says by another way that it is full: a new one would be as full at once.
"""

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from carprice.names import STATUS_PATH

FIRST_SECONDS = 0.5
"""Between requests until the first answer."""
NO_ANSWER = 0
READY = 200

_OWN_ADDRESSES = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  asked, not listened on


@dataclass(frozen=True)
class Watchdog:
    """Asks for the worker's status every `seconds`, which is also the timeout; calls end_worker once.

    That is after `failures` bad answers in a row. No answer is bad once there was one, and in any case after
    start_seconds. A status other than 200 is bad once there was a 200: a service that never had a model says why,
    and is left running. No answer is not bad while is_full() says that slow clients hold every thread.
    """

    host: str
    port: int
    seconds: float
    failures: int
    start_seconds: float
    end_worker: Callable[[str], None]
    is_full: Callable[[], bool] = lambda: False

    def start(self) -> threading.Event:
        """Watch in the background until the returned event is set."""
        stopped = threading.Event()
        threading.Thread(target=self._watch, args=(stopped,), name="watchdog", daemon=True).start()
        return stopped

    def _watch(self, stopped: threading.Event) -> None:
        started = time.monotonic()
        seen: set[int] = set()
        failed = 0
        pause = FIRST_SECONDS
        while not stopped.wait(pause):
            asked = time.monotonic()
            status = self._ask()
            seen.add(status)
            is_late = asked - started > self.start_seconds
            is_bad = _is_bad(status, seen, is_late) and not (status == NO_ANSWER and self.is_full())
            failed = failed + 1 if is_bad else 0
            if failed >= self.failures:
                self.end_worker(_describe(status, failed, self.seconds))
                return
            now = time.monotonic()
            pause = FIRST_SECONDS if seen == {NO_ANSWER} else max(0.0, asked + self.seconds - now)

    def _ask(self) -> int:
        """The status it answers, or NO_ANSWER."""
        host = _OWN_ADDRESSES.get(self.host, self.host)
        connection = http.client.HTTPConnection(host, self.port, timeout=self.seconds)
        try:
            connection.request("GET", STATUS_PATH)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return NO_ANSWER
        finally:
            connection.close()


def _is_bad(status: int, seen: set[int], is_late: bool) -> bool:
    if status == NO_ANSWER:
        return is_late or seen != {NO_ANSWER}
    return status != READY and READY in seen


def _describe(status: int, times: int, seconds: float) -> str:
    found = f"status {status}" if status else f"no answer within {seconds:g} s"
    return f"GET {STATUS_PATH}: {found}, {times} times in a row"
