"""Rates as texts, and the buckets that keep them."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from carprice.system import rates
from carprice.system.rates import (
    MAX_DAYS,
    Bucket,
    Buckets,
    Limits,
    Quota,
    day_of,
    parse_limits,
    parse_rate,
    seconds_to_midnight,
)


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


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("", Limits()),
        ("50/s", Limits(50)),
        ("10000/day", Limits(0, 10_000)),
        ("50/s,10000/day", Limits(50, 10_000)),
        ("1/s,1000000000/day", Limits(1, 1_000_000_000)),
    ],
)
def test_limits(text: str, limits: Limits) -> None:
    assert parse_limits(text) == limits
    assert limits.text == text


@pytest.mark.parametrize(
    "text",
    [
        *("50", "50/m", "0/day", "1000000001/day", "10000000000/day", "/day", "٥/day", "5/DAY"),
        *(
            "50/s,",
            ",5/day",
            "5/day,50/s",
            "5/day,5/day",
            "50/s, 5/day",
            "50/s,5/s,5/day",
            "50/s,0/day",
            "x,5/day",
        ),
    ],
)
def test_what_are_no_limits(text: str) -> None:
    with pytest.raises(ValueError, match="should be such as 50/s, 10000/day or 50/s,10000/day") as found:
        parse_limits(text)
    assert str(found.value).endswith(f"(got {text!r})")


def test_a_quota_admits_so_many_on_each_day() -> None:
    quota = Quota(3)
    assert [quota.take(5) for _ in range(5)] == [True] * 3 + [False] * 2
    assert quota.take(6)
    quota.give_back(5)
    assert [quota.take(5), quota.take(5)] == [True, False], "what was given back can be taken once more"


def test_a_day_that_comes_again_brings_no_second_quota() -> None:
    quota = Quota(1)
    for day in (5, 6, 24_000):
        assert quota.take(day)
    assert [quota.take(day) for day in (5, 6, 24_000)] == [False] * 3


def test_a_quota_keeps_a_few_days_alone() -> None:
    quota = Quota(1)
    assert all(quota.take(day) for day in range(1000))
    assert len(quota._counts) <= MAX_DAYS


def test_threads_share_a_quota() -> None:
    quota = Quota(500)
    with ThreadPoolExecutor(8) as pool:
        admitted = sum(pool.map(lambda _: quota.take(1), range(2000)))
    assert admitted == 500


@pytest.mark.parametrize(("now", "day", "left"), [(0.0, 0, 86_400), (86_399.9, 0, 1), (86_400.0, 1, 86_400)])
def test_midnight(now: float, day: int, left: int) -> None:
    assert (day_of(now), seconds_to_midnight(now)) == (day, left)
