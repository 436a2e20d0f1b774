"""Requests that take their time across a switch, and a set that does not stop."""

import http.client
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from tests.stack.rollout.releases import Images
from tests.stack.rollout.site import Site

pytestmark = pytest.mark.scenarios

LONG_SECONDS = 8
MANY = 20
ENDLESS_SECONDS = 20
FEW = 5
STOP_SECONDS = 2
MARGIN_SECONDS = 15


def send_slow(site: Site, pool: ThreadPoolExecutor, count: int, seconds: float) -> list[Future[tuple[int, str]]]:
    """So many requests that each take so long; their status and release."""
    return [pool.submit(ask_slow, site.port, seconds) for _ in range(count)]


def ask_slow(port: int, seconds: float) -> tuple[int, str]:
    """One request that takes so long."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    client.request("GET", "/livez", headers={"X-Test-Seconds": str(seconds)})
    answer = client.getresponse()
    client.close()
    return answer.status, answer.headers.get("X-Release", "")


def test_long_requests_are_answered_by_the_old_release(site: Site, images: Images) -> None:
    """Scenario 3: 20 of 8 seconds in flight at the switch."""
    old = site.release
    command = site.begin("rollout", "--json", "--image", site.other_image(images))
    with ThreadPoolExecutor(MANY) as pool:
        command.wait_until("^Compared")
        answers = send_slow(site, pool, MANY, LONG_SECONDS)
    done = command.finish()
    assert done.code == 0, done.stderr
    assert [answer.result() for answer in answers] == [(200, old)] * MANY
    assert done.json()["seconds"]["drain"] > LONG_SECONDS / 2
    assert done.json()["proof"]["cut"] == 0


def test_endless_requests_are_cut_and_counted(site: Site, images: Images) -> None:
    """Scenario 4: five that outlast the drain limit."""
    site.set_limits(drain=STOP_SECONDS, stop=STOP_SECONDS)
    command = site.begin("rollout", "--json", "--image", site.other_image(images))
    with ThreadPoolExecutor(FEW) as pool:
        command.wait_until("^Compared")
        send_slow(site, pool, FEW, ENDLESS_SECONDS)
        done = command.finish()
    assert done.code == 0, done.stderr
    assert STOP_SECONDS <= done.json()["seconds"]["drain"] < STOP_SECONDS + 2
    assert done.json()["proof"]["cut"] == FEW
    assert f"{FEW} requests were still in flight after {STOP_SECONDS} s" in done.stderr


def test_a_set_that_does_not_stop_is_killed(site: Site, images: Images) -> None:
    """Scenario 19: neither as the old set nor as the candidate does it hold up the traffic."""
    site.set_limits(stop=STOP_SECONDS)
    with site.load() as load:
        site.roll_out(images.make("stays"))
        done = site.roll_out(site.other_image(images))
    assert load.results.failed == []
    assert done.json()["seconds"]["replace"] < STOP_SECONDS + MARGIN_SECONDS
