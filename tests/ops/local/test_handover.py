"""A restart under load: the socket stays open, and no request is lost, also with other code."""

import http.client
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.api.calls import as_json
from tests.model.cars import UK_CAR

from carprice.names import API
from carprice.ops.local.services import APP
from carprice.ops.local.stack import restart_services, start_stack
from carprice.settings import Settings

PER_SECOND = 50
ANSWER_SECONDS = 30
HEADERS = {"Content-Type": "application/json"}


class Load:
    """So many requests a second, each in its turn and on a connection of its own."""

    def __init__(self, port: int, path: str = "/predict/price") -> None:
        self.port, self.path = port, path
        self.answers: list[tuple[str, float, str]] = []
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._clock = threading.Thread(target=self._run)
        self._clock.start()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stopped.is_set():
            thread = threading.Thread(target=self._ask)
            thread.start()
            self._threads.append(thread)
            due += 1 / PER_SECOND
            self._stopped.wait(max(0.0, due - time.monotonic()))

    def _ask(self) -> None:
        asked = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        try:
            connection.request("POST", self.path, as_json(UK_CAR), HEADERS)
            response = connection.getresponse()
            response.read()
            found, release = str(response.status), response.headers["X-Release"]
        except OSError as error:
            found, release = repr(error), ""
        finally:
            connection.close()
        self.answers.append((found, time.monotonic() - asked, release))

    def end(self) -> list[tuple[str, float, str]]:
        """Stop, wait for the last answer, and return all: status or error, seconds, release."""
        self._stopped.set()
        self._clock.join()
        for thread in self._threads:
            thread.join()
        return self.answers


@pytest.fixture
def load(settings: Settings) -> Iterator[list[Load]]:
    loads: list[Load] = []
    yield loads
    for each in loads:
        each.end()
    del loads[:]


@pytest.mark.slow
def test_a_restart_loses_no_request_also_with_other_code(
    settings: Settings, tmp_path: Path, load: list[Load]
) -> None:
    app = tmp_path / "app.py"
    code = APP.read_text().replace("Path(__file__)", f"Path({str(APP)!r})")
    app.write_text(code)
    start_stack(settings, print, app)
    load.append(Load(settings.port))
    for release in ("second", "third"):
        answered = len(load[0].answers)
        wait_for_more(load[0], answered + PER_SECOND)
        app.write_text(
            code.replace("import os\n", f"import os\nos.environ['CARPRICE_RELEASE'] = {release!r}\n", 1)
        )
        restart_services(settings, [API], print)
    wait_for_more(load[0], len(load[0].answers) + PER_SECOND)
    answers = load[0].end()
    assert {found for found, _, _ in answers} == {"200"}
    assert {release for _, _, release in answers} == {"local", "second", "third"}
    slowest = max(seconds for _, seconds, _ in answers)
    print(f"{len(answers)} requests, the slowest {slowest:.1f} s")


def wait_for_more(load: Load, count: int) -> None:
    deadline = time.monotonic() + ANSWER_SECONDS
    while len(load.answers) < count:
        assert time.monotonic() < deadline
        load._stopped.wait(0.01)
