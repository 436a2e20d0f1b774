"""Rates as texts, and the buckets that keep them."""

import pytest

from carprice.system import rates
from carprice.system.rates import Bucket, Buckets, parse_rate


@pytest.mark.parametrize(("text", "per_second"), [("", 0), ("1/s", 1), ("50/s", 50), ("1000000/s", 1_000_000)])
def test_rates(text: str, per_second: int) -> None:
    assert parse_rate(text) == per_second


@pytest.mark.parametrize(
    "text", ["0/s", "50", "50/m", "-1/s", "1.5/s", "1000001/s", " 5/s", "5/s ", "٥/s", "1_0/s"]
)
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(ValueError, match="should be a whole number a second, such as 50/s"):
        parse_rate(text)


@pytest.mark.parametrize("per_second", [1, 3, 7, 50, 1000])
def test_a_bucket_admits_a_seconds_worth_at_once_and_then_the_rate(per_second: int) -> None:
    bucket, start = Bucket(per_second), 1e6
    assert sum(bucket.take(start) == 0 for _ in range(2 * per_second)) == per_second
    admitted = sum(bucket.take(start + tick / 10_000) == 0 for tick in range(1, 100_001))
    assert admitted == 10 * per_second, "who asks too often still gets the rate, over ten seconds"


def test_a_bucket_says_when_to_come_again() -> None:
    bucket = Bucket(2)
    assert [bucket.take(100.0), bucket.take(100.0)] == [0, 0]
    wait = bucket.take(100.0)
    assert wait == pytest.approx(0.5)
    assert bucket.take(100.0 + wait - 0.3) > 0
    assert bucket.take(100.0 + wait) == 0


def test_each_name_has_a_bucket_of_its_own() -> None:
    buckets = Buckets(1)
    assert buckets.take("a", 10.0) == 0
    assert buckets.take("a", 10.0) > 0
    assert buckets.take("b", 10.0) == 0
    assert buckets.take("a", 10.9) > 0, "it is kept over the turn of the halves"
    assert buckets.take("a", 11.1) == 0


def test_any_number_of_names_takes_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MAX_BUCKETS", 10)
    buckets = Buckets(1)
    for number in range(1000):
        buckets.take(str(number), 10.0)
    assert len(buckets._new) + len(buckets._old) <= 20
