"""What is no ordinary HTTP, at the real edge: whatever comes, nobody gets or causes the answer of another."""

import random
import re
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from tests.stack.conftest import open_stack
from tests.stack.stacks import API, EDGE, Stack

pytestmark = pytest.mark.slow

SEED, TRIES, AT_ONCE = 10, 1200, 8
PIPELINED = 300
LOGGED = "/info/features"
"""A path whose requests are in the log: the log is what says that a replica saw one."""

CODINGS = (
    "chunked",
    "Chunked",
    " chunked",
    "chunked ",
    "xchunked",
    "chunked, identity",
    "identity",
    "gzip, chunked",
)
CODINGS += ('"chunked"', "chunked;q=1", "\x0bchunked", "chunked\x00", "")
NAMES = (
    "Transfer-Encoding",
    "transfer-encoding",
    "Transfer-Encoding ",
    "Transfer_Encoding",
    "X: y\nTransfer-Encoding",
)
ENDS = ("\r\n", "\n", "\r\r\n", "\r")
SIZES = ("0", "00", "0x0", "0;a=b", "+0", "-0", "0 ", " 0", "")


@pytest.fixture(scope="module")
def stack(root: Path, tmp_path_factory: pytest.TempPathFactory, image: str) -> Iterator[Stack]:
    """An edge and two replicas that log every request."""
    with open_stack(root, tmp_path_factory.mktemp("stack"), image, "wire") as stack:
        stack.settings["CARPRICE_LOG_LINES_PER_SECOND"] = "1000000"
        stack.up(EDGE, API)
        stack.wait_ready(replicas=2)
        yield stack


def send(port: int, data: bytes) -> bytes:
    """Everything that is answered to these bytes, after which nothing comes."""
    found = b""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(65536):
            found += piece
    return found


def request(own: str, extra: str = "") -> bytes:
    return f"GET {LOGGED} HTTP/1.1\r\nHost: x\r\nX-Request-ID: {own}\r\n{extra}\r\n".encode()


def list_ids(answers: bytes) -> list[str]:
    return [found.decode() for found in re.findall(rb"\r\nx-request-id: ([^\r]+)", answers, re.IGNORECASE)]


def smuggle(chance: random.Random, number: int) -> bytes:
    """A request whose length can be read in several ways, with another one inside, and one behind it."""
    inner = request(f"inner-{number}")
    size = chance.choice((f"{len(inner):x}", *SIZES))
    body = size.encode() + b"\r\n" + inner + chance.choice((b"\r\n0\r\n\r\n", b"0\r\n\r\n", b""))
    lengths = (0, len(size) + 2, len(body), len(body) + 5, f"+{len(body)}", f"{len(body)}, 0", "0x10", "1e1", "")
    lines = [chance.choice(NAMES) + chance.choice((":", ": ", ":\t")) + chance.choice(CODINGS)]
    lines += [f"Content-Length: {chance.choice(lengths)}" for _ in range(chance.randrange(3))]
    chance.shuffle(lines)
    head = f"POST /predict/price HTTP/1.{chance.choice('110')}\r\nHost: x\r\nX-Request-ID: outer-{number}\r\n"
    head += "Content-Type: application/json\r\n"
    head += "".join(line + chance.choice((*ENDS, "\r\n", "\r\n", "\r\n")) for line in lines)
    return head.encode("latin-1") + b"\r\n" + body + request(f"last-{number}", "Connection: close\r\n")


def read_log(stack: Stack) -> str:
    return "".join(path.read_text() for path in (stack.folder / "logs").glob("api.jsonl*"))


def test_a_request_within_another_reaches_nobody_else(stack: Stack) -> None:
    """Seeded. What a replica served, the connection that sent it got the answer to; the edge refuses the rest."""
    chance = random.Random(SEED)
    tries = [smuggle(chance, number) for number in range(TRIES)]
    strange: list[list[str]] = []
    over = threading.Event()

    def ask_steadily() -> None:
        count = 0
        while not over.is_set():
            count += 1
            if (ids := list_ids(send(stack.port, request(f"innocent-{count}")))) != [f"innocent-{count}"]:
                strange.append(ids)

    innocent = threading.Thread(target=ask_steadily)
    innocent.start()
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda data: send(stack.port, data), tries))
    finally:
        over.set()
        innocent.join()
    assert strange == []
    got = [set(list_ids(answer)) for answer in answers]
    for number, ids in enumerate(got):
        foreign = {name for name in ids if re.fullmatch(r"(inner|outer|last)-\d+", name)}
        assert {int(name.rpartition("-")[2]) for name in foreign} <= {number}
        assert b" 500 " not in answers[number].split(b"\r\n", 1)[0]
    stack.compose("stop", API)  # which writes what is pending
    served = set(re.findall(r'"request_id": "(inner-\d+)"', read_log(stack)))
    stack.compose("start", API)
    stack.wait_ready(replicas=2)
    assert served <= {name for ids in got for name in ids}, "a request was served whose answer nobody got"
    assert any(f"last-{number}" in ids for number, ids in enumerate(got)), "some of them are ordinary requests"


def test_pipelined_requests_are_answered_in_order(stack: Stack) -> None:
    requests = [request(f"piped-{number}") for number in range(PIPELINED)]
    requests.append(request("piped-last", "Connection: close\r\n"))
    expected = [*(f"piped-{number}" for number in range(PIPELINED)), "piped-last"]
    assert list_ids(send(stack.port, b"".join(requests))) == expected


@pytest.mark.parametrize(
    ("extra", "status"),
    [
        ("".join(f"A{number}: b\r\n" for number in range(90)), 200),
        ("".join(f"A{number}: b\r\n" for number in range(5000)), 400),
        (f"A: {'b' * 12_000}\r\n", 200),
        (f"A: {'b' * 4_000_000}\r\n", 400),
        (f"{'A' * 60_000}: b\r\n", 400),
        (f"Cookie: {'; '.join(f'a{number}=b' for number in range(100_000))}\r\n", 400),
    ],
    ids=["many", "far too many", "long", "far too long", "a long name", "cookies"],
)
def test_bombs_of_headers_are_refused(stack: Stack, extra: str, status: int) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        bombs = [pool.submit(send, stack.port, request(f"bomb-{number}", extra)) for number in range(AT_ONCE)]
        assert list_ids(send(stack.port, request("beside"))) == ["beside"]
        found = {bomb.result()[:12] for bomb in bombs}
    # A client that is still sending when it is refused may find the connection closed.
    assert found <= {f"HTTP/1.1 {status}".encode(), *([b""] if status == 400 else [])}
    assert list_ids(send(stack.port, request("after"))) == ["after"]
