"""The proof: what the edge's events come to."""

import pytest

from carprice.ops.edge.traffic import TrafficMonitor, TrafficReport, parse_event
from carprice.ops.requests import Request, RequestStats

NOW = 1_000_000


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("1000 200 3 be_current --", Request(1000, 3, "be_current", False)),
        ("1000 422 3 be_next --", Request(1000, 3, "be_next", False)),
        ("1000 500 3 be_next --", Request(1000, 3, "be_next", True)),
        ("1000 503 0 be_next SC", Request(1000, 0, "be_next", True)),
        ("1000 200 9 be_next SD", Request(1000, 9, "be_next", True)),
        ("1000 -1 9 be_next CD", Request(1000, 9, "be_next", False)),
        ("1000 400 0 cars PR", Request(1000, 0, "cars", False)),
        ("1000 408 0 cars cR", Request(1000, 0, "cars", False)),
        ("", None),
        ("nonsense", None),
        ("1000 x 3 be_next --", None),
        ("1000 200 3 be_next", None),
        ("Unknown sink.", None),
    ],
)
def test_events(line: str, request_: Request | None) -> None:
    assert parse_event(line) == request_


def test_a_tally_keeps_counts_gaps_and_percentiles() -> None:
    tally = RequestStats()
    assert (tally.longest_gap_ms, tally.percentile(0.99)) == (None, None)
    for number in range(100):
        tally.add(Request(10 * number + (50 if number > 60 else 0), number, "be", number == 7))
    assert (tally.requests, tally.failed, tally.longest_gap_ms) == (100, 1, 60)
    assert [tally.percentile(share) for share in (0.5, 0.95, 0.99, 1.0)] == [49, 94, 98, 99]
    since = tally.since(RequestStats(requests=90, failed=1))
    assert (since.requests, since.failed) == (10, 0)


def test_a_witness_tells_before_from_during() -> None:
    monitor = TrafficMonitor(NOW)
    monitor.add(Request(NOW - 70_000, 900, "be_current", True))
    monitor.add(Request(NOW - 100, 7, "be_current", True))
    for number in range(3):
        monitor.add(Request(NOW + 40 * number, 2, "be_current", False))
    monitor.watch("be_next")
    monitor.add(Request(NOW + 200, 5, "be_next", True))
    monitor.add_cut(4)
    assert monitor.sum_up() == TrafficReport(4, 1, 4, 120, 7, 5)
    assert (monitor.watched().requests, monitor.watched().failed) == (1, 1)


def test_a_clock_that_goes_back_hides_no_failure() -> None:
    monitor = TrafficMonitor(NOW)
    monitor.add(Request(NOW + 5, 1, "be", False))
    monitor.watch("be")
    monitor.add(Request(NOW - 500_000, 1, "be", True))
    found = monitor.sum_up()
    assert (found.requests, found.failed, found.is_whole) == (2, 1, True)
    assert monitor.watched().failed == 1


def test_a_stream_that_begins_anew_counts_nothing_twice_and_says_so() -> None:
    monitor = TrafficMonitor(NOW)
    seen = [Request(NOW + number, 1, "be", False) for number in range(3)]
    for request in seen:
        monitor.add(request)
    monitor.resume()
    for request in [*seen, Request(NOW + 9, 1, "be", False)]:
        monitor.add(request)
    assert monitor.sum_up() == TrafficReport(4, 0, 0, 7, None, 1, is_whole=False)


def test_the_line_for_people() -> None:
    whole = TrafficReport(12_345, 0, 2, 87, 12, 15)
    assert str(whole) == ("12,345 requests, 0 failed, 2 cut, longest gap 87 ms, p99 12 ms before and 15 ms during")
    assert str(TrafficReport(0, 0, 0, None, None, None, is_whole=False)) == (
        "0 requests, 0 failed, 0 cut, longest gap not known, p99 not known before and not known during; "
        "the edge was restarted meanwhile, what it did not see is not counted"
    )
