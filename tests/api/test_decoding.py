"""The fast way of decoding gives what the thorough one does, or leaves it to that; whatever comes."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.bundles import dated_market
from tests.model.cars import DATED_CAR, UK_CAR

from carprice.api.decoding import ListingDecoder, MalformedError
from carprice.market.market_file import load_market

BODIES = 20_000
ROUNDS = 3
SEED = 11
PIECES = [
    b'"',
    b":",
    b",",
    b"{",
    b"}",
    b"[",
    b"null",
    b"true",
    b"1e999",
    b"-0",
    b"0.1",
    b"1E5",
    b"NaN",
    b"\\u0041",
]
PIECES += [
    b'"make":"Audi",',
    b'"tax":null,',
    b' "tax" : 5,',
    b"\xff",
    b"\\ud800",
    b"\x00",
    b"9" * 400,
    b"2017.0",
    b" ",
]
PIECES += [b'"2015-03-01"', b'"2015-03-01T00:00:00Z"', b'"15-3-1"', b'""', b'" "', b'"x"', b"\xef\xbb\xbf", b"1_0"]


@pytest.fixture(params=["uk", "dated"])
def decoder_and_car(request: pytest.FixtureRequest, markets_dir: Path) -> tuple[ListingDecoder, dict[str, Any]]:
    if request.param == "uk":
        return ListingDecoder(load_market("uk", markets_dir)), {**UK_CAR, "asking_price": 9995}
    return ListingDecoder(dated_market()), {**DATED_CAR, "asking_price": 9995.5}


def mutate(draw: random.Random, car: dict[str, Any]) -> bytes:
    """A body that is nearly a listing: fields shuffled or missing, pieces put in, taken out and exchanged."""
    fields = [(name, value) for name, value in car.items() if draw.random() < 0.97]
    draw.shuffle(fields)
    body = json.dumps(dict(fields)).encode()
    for _ in range(draw.randrange(ROUNDS)):
        start = draw.randrange(len(body) + 1)
        end = start + draw.choice((0, 0, 1, 1, 3, 8))
        body = body[:start] + draw.choice((b"", draw.choice(PIECES))) + body[end:]
    return body


def replace_values(draw: random.Random, car: dict[str, Any]) -> Iterator[bytes]:
    """Each value in turn replaced by each piece."""
    for name in car:
        for piece in PIECES:
            yield json.dumps({**car, name: "@"}).encode().replace(b'"@"', piece)


def test_the_fast_way_is_never_wrong(decoder_and_car: tuple[ListingDecoder, dict[str, Any]]) -> None:
    decoder, car = decoder_and_car
    draw = random.Random(SEED)
    bodies = [mutate(draw, car) for _ in range(BODIES)] + list(replace_values(draw, car))
    fast = 0
    for body in bodies:
        fast_found = decoder.decode_fast(body)
        if fast_found is None:
            continue
        values = fast_found.values
        found, problems = decoder.decode_checked(body)
        if problems:
            # A text of blanks alone: no code fits it, so that it is not priced the fast way.
            assert {problem.detail for problem in problems} == {"should be a text"}, body
            continue
        assert [text.strip() if isinstance(text, str) else text for text in values] == found.values, body
        assert fast_found.asking == found.asking, body
        fast += 1
    assert fast > BODIES // 5, "most good bodies are decoded the fast way"


def test_rows_decode_as_they_do_alone(decoder_and_car: tuple[ListingDecoder, dict[str, Any]]) -> None:
    decoder, car = decoder_and_car
    draw = random.Random(SEED)
    whole = 0
    for _ in range(BODIES // 10):
        bodies = [mutate(draw, car) for _ in range(draw.randrange(1, 4))]
        rows = decoder.decode_fast_rows(b"[" + b",".join(bodies) + b"]")
        if rows is not None and len(rows) == len(bodies):
            assert rows == [decoder.decode_fast(body) for body in bodies]
            whole += 1
    assert whole > BODIES // 100


def test_the_thorough_way_refuses_and_never_breaks(decoder_and_car: tuple[ListingDecoder, dict[str, Any]]) -> None:
    decoder, car = decoder_and_car
    draw = random.Random(SEED + 1)
    bodies = [mutate(draw, car) for _ in range(BODIES)]
    reasons = [reason for body in bodies if (reason := find_malformation(decoder, body))]
    assert 0 < len(reasons) < BODIES
    assert all(reason.startswith("The body ") for reason in reasons)


def find_malformation(decoder: ListingDecoder, body: bytes) -> str:
    try:
        decoder.decode_checked(body)
    except MalformedError as error:
        return str(error)
    return ""
