"""Releases that must never serve. A load runs all the while and loses nothing."""

from collections.abc import Iterator

import pytest
from tests.stack.rollout.releases import Images
from tests.stack.rollout.site import Load, Site

pytestmark = pytest.mark.scenarios

SOON = 10.0
DEADLINE = 4.0


@pytest.fixture(scope="module", autouse=True)
def load(lasting_site: Site) -> Iterator[Load]:
    """Whatever is refused here, no request fails and the live release answers all."""
    with lasting_site.load() as load:
        yield load
    assert load.results.failed == []
    assert len(load.results.releases) == 1


def test_an_image_that_ends_at_once(site: Site, images: Images) -> None:
    """Scenario 6: its exit code and its log, soon."""
    done = site.refuse(images.make("exit=3"))
    assert "ended with exit code 3" in done.stderr
    assert "ImportError: cannot import name 'price' from 'carprice'" in done.stderr
    assert site.last("done")["seconds"] < SOON


@pytest.mark.parametrize(
    ("fault", "status"),
    [("health=500 Broken", "500"), ("health=301 Moved", "301"), ("refuse", "no answer (ConnectionRefusedError)")],
)
def test_health_that_never_comes(site: Site, images: Images, fault: str, status: str) -> None:
    """Scenario 7: refused at the deadline, with the last status."""
    site.set_limits(health_deadline=DEADLINE)
    done = site.refuse(images.make(fault))
    assert f"car-price-api-next is not healthy within {DEADLINE:g} s" in done.stderr
    assert f"car-price-api-next-1: {status}" in done.stderr


def test_healthy_once_and_dead_soon_after(site: Site, images: Images) -> None:
    """Scenario 8: three seconds; never switched to."""
    site.set_limits(settle=4)
    site.refuse(images.make("dies=3"))
    assert not [line for line in site.journal if line.get("step") == "drain" and line["release"] == last(site)]


def test_a_model_that_loads_too_slowly(site: Site, images: Images) -> None:
    """Scenario 9, the second half; the first is among the good ones."""
    site.set_limits(health_deadline=DEADLINE)
    done = site.refuse(images.make("slow-load=60"))
    assert f"is not healthy within {DEADLINE:g} s (" in done.stderr


def test_healthy_but_pricing_nothing(site: Site, images: Images) -> None:
    """Scenario 10: stopped before the switch, with the cause."""
    done = site.refuse(images.make("predict"))
    assert "answered 500 while it warmed up, should be 200" in done.stderr


def test_bundles_that_are_damaged(site: Site, images: Images) -> None:
    """Scenario 11: stopped before anything is created."""
    lines = len(site.journal)
    newer = site.bundles.damage("20301123T124500Z", format=99)
    truncated = site.bundles.damage("20301123T124501Z")
    with (truncated / "model.pkl").open("r+b") as file:
        file.truncate(1000)
    done = site.refuse(images.make(name="c"), newer.name)
    assert "format 99 is newer than this code, which reads formats 1, 2, 3 and 4" in done.stderr
    done = site.refuse(images.make(name="c"), truncated.name)
    assert "model.pkl: is truncated: should have" in done.stderr
    done = site.refuse(images.make(name="c"), "20200101T000000Z")
    assert "has no bundle 20200101T000000Z" in done.stderr
    assert len(site.journal) == lines


def test_prices_that_are_too_high(site: Site) -> None:
    """Scenario 12, the first half: +40 % against a limit of 10 %."""
    done = site.refuse(site.pins()["IMAGE"], site.bundles.dearer)
    assert "Gate shadow: median price shift is" in done.stderr
    assert "the limit 10.0%" in done.stderr
    assert "./carprice rollout --accept-price-shift" in done.stderr


def test_a_model_of_another_market(site: Site) -> None:
    done = site.refuse(site.pins()["IMAGE"], site.bundles.foreign)
    assert "listings are priced by both: another market's model?" in done.stderr


@pytest.mark.parametrize(
    ("limit", "value", "told"),
    [("free_memory_share", 0.999, "more memory, and"), ("free_disk_mb", 1e9, "MB of disk are free")],
)
def test_no_room_for_two_sets(site: Site, images: Images, limit: str, value: float, told: str) -> None:
    """Scenario 24."""
    lines = len(site.journal)
    site.set_limits(**{limit: value})
    done = site.refuse(images.make(name="c"))
    assert told in done.stderr
    assert len(site.journal) == lines


def test_a_hook_that_refuses(site: Site, images: Images) -> None:
    hook = site.folder / "hooks" / "pre-rollout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not on a Friday, $CARPRICE_RELEASE >&2\nexit 7\n")
    hook.chmod(0o755)
    lines = len(site.journal)
    try:
        done = site.refuse(images.make(name="c"))
    finally:
        hook.unlink()
    assert "Hook pre-rollout ended with exit code 7: not on a Friday, r" in done.stderr
    assert len(site.journal) == lines


def last(site: Site) -> str:
    """The release of the last rollout."""
    return str(site.last("done")["release"])
