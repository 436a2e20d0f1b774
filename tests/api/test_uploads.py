"""Large bodies: how many at a time, how slowly, and what becomes of the rest."""

import io
import threading
from typing import Any

import pytest
from flask import Flask
from tests.api.calls import as_json, call
from tests.api.conftest import MakeApp, wait_until
from tests.model.cars import UK_CAR

from carprice.api import uploads
from carprice.api.responses import RefusedError
from carprice.api.uploads import SMALL_BYTES, UploadSlots

BATCH = as_json([UK_CAR] * 200)


class SlowBody:
    """A body that has a piece each time it is let go on."""

    def __init__(self, body: bytes) -> None:
        self._body = io.BytesIO(body)
        self.reading = threading.Semaphore(0)
        self.pieces = threading.Semaphore(0)

    def read(self, length: int) -> bytes:
        self.reading.release()
        assert self.pieces.acquire(timeout=20)
        return self._body.read(length)


def test_some_threads_wait_for_no_large_body() -> None:
    assert [UploadSlots(threads).count for threads in (1, 2, 3, 4, 16)] == [1, 1, 1, 2, 14]


@pytest.mark.parametrize("size", [0, 1, SMALL_BYTES, SMALL_BYTES + 1, 10 * SMALL_BYTES + 7])
@pytest.mark.parametrize("is_announced", [True, False])
def test_a_body_is_read_whole(size: int, is_announced: bool) -> None:
    slots = UploadSlots(4)
    body = bytes(range(256)) * (size // 256 + 1)
    length = size if is_announced else size + 100
    assert slots.read(io.BytesIO(body[:size]), length, is_announced) == body[:size]
    assert not slots.is_full


def test_a_large_body_more_is_refused_and_a_small_one_is_not() -> None:
    slots = UploadSlots(3)
    slow = SlowBody(b"x" * 5 * SMALL_BYTES)
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(slots.read(slow, 5 * SMALL_BYTES, True)))
    reader.start()
    assert slow.reading.acquire(timeout=20)
    for length, is_announced in ((SMALL_BYTES + 1, True), (10, False)):
        with pytest.raises(RefusedError, match="1 large bodies are being received already") as refused:
            slots.read(io.BytesIO(b"y" * length), length, is_announced)
        assert (refused.value.status, refused.value.headers) == (429, (("Retry-After", "1"),))
    assert slots.read(io.BytesIO(b"y" * SMALL_BYTES), SMALL_BYTES, True) == b"y" * SMALL_BYTES
    for _ in range(5):
        slow.pieces.release()
    reader.join(20)
    assert found == [b"x" * 5 * SMALL_BYTES]
    assert slots.read(io.BytesIO(b"y" * length), length, False) == b"y" * length


def test_one_waits_a_moment_for_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "WAIT_SECONDS", 20.0)
    slots = UploadSlots(3)
    entered: list[int] = []
    with slots.take():

        def wait() -> None:
            with slots.take():
                entered.append(1)

        waiter = threading.Thread(target=wait)
        waiter.start()
        wait_until(lambda: slots._is_awaited)
        with pytest.raises(RefusedError), slots.take():
            pass
        assert entered == []
    waiter.join(20)
    assert entered == [1]


@pytest.mark.parametrize(("rate", "status"), [(0.5, 408), (2.0, 0)])
def test_a_slow_body_is_cut_while_others_wait(monkeypatch: pytest.MonkeyPatch, rate: float, status: int) -> None:
    now = 0.0

    class Trickle(io.BytesIO):
        def read(self, length: int | None = -1, /) -> bytes:
            nonlocal now
            now += (length or 0) / (rate * uploads.MIN_BYTES_PER_SECOND)
            return super().read(length)

    monkeypatch.setattr(uploads.time, "monotonic", lambda: now)
    body = b"x" * 1_000_000
    assert UploadSlots(4).read(Trickle(body), len(body), True) == body, "none waits while there is a place"
    if status:
        with pytest.raises(RefusedError, match="The body should come at 65536 bytes a second") as refused:
            UploadSlots(3).read(Trickle(body), len(body), True)
        assert refused.value.status == status
    else:
        assert UploadSlots(3).read(Trickle(body), len(body), True) == body


def test_prices_go_on_beside_slow_batches(make_app: MakeApp) -> None:
    app = make_app(threads=4)
    slow = [SlowBody(BATCH) for _ in range(2)]
    results: list[Any] = []
    readers = [threading.Thread(target=lambda body=body: results.append(send(app, body))) for body in slow]
    for reader, body in zip(readers, slow, strict=True):
        reader.start()
        assert body.reading.acquire(timeout=20)
    assert call(app.wsgi_app, "POST", "/predict/batch", BATCH).status == 429
    assert call(app.wsgi_app, "POST", "/predict/price", as_json(UK_CAR)).status == 200
    assert call(app.wsgi_app, "POST", "/predict/batch", as_json([UK_CAR])).status == 200
    for body in slow:
        for _ in range(100):
            body.pieces.release()
    for reader in readers:
        reader.join(20)
    assert [result.status for result in results] == [200, 200]


def send(app: Flask, body: SlowBody) -> Any:
    """The answer to a batch that comes slowly."""

    def with_body(environ: dict[str, Any], start: Any) -> Any:
        return app.wsgi_app(environ | {"wsgi.input": body}, start)

    return call(with_body, "POST", "/predict/batch", BATCH)
