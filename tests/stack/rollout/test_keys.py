"""API keys and rates on the real stack: at the edge for all replicas, through a rollout, without a restart."""

import json
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.stack.rollout.conftest import open_site
from tests.stack.rollout.releases import Images
from tests.stack.rollout.site import Site
from tests.stack.stacks import API, EDGE, Answer, execute, wait_for

from carprice.access.keys import digest_of
from carprice.api.admission import SPENT
from carprice.system.rates import DAY_SECONDS

pytestmark = pytest.mark.scenarios

RATE = 20
ADDRESS_RATE = 400
THREADS = 8


@pytest.fixture(scope="module")
def keyed(
    root: Path, markets_dir: Path, tmp_path_factory: pytest.TempPathFactory, images: Images
) -> Iterator[Site]:
    """A stack that asks for keys."""
    settings = {"CARPRICE_API_KEYS": "./var/keys", "CARPRICE_ADDRESS_RATE": f"{ADDRESS_RATE}/s"}
    with open_site(root, tmp_path_factory.mktemp("keyed"), markets_dir, images, **settings) as site:
        yield site


def add_key(site: Site, name: str, *words: str) -> str:
    done = site.carprice("keys", "add", name, *words)
    assert done.code == 0, done.stderr
    return done.stdout.strip()


def price(site: Site, secret: str = "", **headers: str) -> Answer:
    given = {"Authorization": f"Bearer {secret}"} if secret else {}
    return site.ask("/predict/price", site.listing, **given, **headers)


def wait_for_status(site: Site, secret: str, status: int) -> None:
    """Wait until every replica has read the keys; too many requests tell nothing."""

    def has_status() -> bool:
        return {price(site, secret).status for _ in range(6)} - {429} == {status}

    wait_for(has_status, f"status {status} of each replica")


def count_priced(site: Site, secret: str, seconds: float) -> tuple[int, list[Answer]]:
    """How many of the requests of several threads were priced, and the other answers."""
    end = time.monotonic() + seconds

    def ask(_: int) -> list[Answer]:
        found = []
        while time.monotonic() < end:
            found.append(price(site, secret))
        return found

    with ThreadPoolExecutor(THREADS) as pool:
        answers = [answer for found in pool.map(ask, range(THREADS)) for answer in found]
    refused = [answer for answer in answers if answer.status != 200]
    return len(answers) - len(refused), refused


def test_keys_come_and_go_while_it_runs(keyed: Site) -> None:
    assert price(keyed).status == 401
    assert keyed.ask("/info/status").status == 200
    secret = add_key(keyed, "dealer")
    wait_for_status(keyed, secret, 200)
    assert keyed.ask("/metrics", Authorization=f"Bearer {secret}").status == 403
    started = keyed.facts()["started"]
    assert keyed.carprice("keys", "revoke", "dealer").code == 0
    wait_for_status(keyed, secret, 401)
    assert keyed.facts()["started"] == started


def test_the_rate_of_a_key_is_that_of_all_replicas_together(keyed: Site) -> None:
    secret = add_key(keyed, "slow", "--rate", f"{RATE}/s")
    wait_for_status(keyed, secret, 200)
    seconds = 4
    priced, refused = count_priced(keyed, secret, seconds)
    assert 0.7 * RATE * seconds <= priced <= 1.3 * RATE * (seconds + 1)
    assert {answer.status for answer in refused} == {429}
    answer = wait_for(
        lambda: found[0] if (found := [a for a in burst(keyed, secret) if a.status == 429]) else None, "429"
    )
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["X-Request-ID"] == "an-id"
    assert answer.json()["detail"] == "More requests came than the rate allows; try again later"
    keyed.compose("restart", EDGE)
    keyed.wait_ready(replicas=2)
    assert 429 in [answer.status for answer in burst(keyed, secret)], "the edge has read its map again"
    assert keyed.carprice("keys", "revoke", "slow").code == 0
    assert "found=no" in keyed.runtime(f"get map /run/edge/rates.map {digest_of(secret).upper()}")


def test_the_quota_of_a_key_is_that_of_all_replicas_together(keyed: Site) -> None:
    quota = 30
    secret = add_key(keyed, "daily", "--rate", f"{quota}/day")
    name = digest_of(secret).upper()
    assert f'value="0:{quota}"' in keyed.runtime(f"get map /run/edge/rates.map {name}")
    wait_for(lambda: {price(keyed, secret).status for _ in range(quota + 5)} == {429}, "the quota to be spent")
    assert f"gpc0={quota} " in keyed.runtime("show table key_rates").partition(name)[2].splitlines()[0]
    answer = price(keyed, secret, X_Request_ID="an-id")
    assert answer.json()["detail"] == SPENT
    assert 0 < int(answer.headers["Retry-After"]) <= DAY_SECONDS
    assert answer.headers["X-Request-ID"] == "an-id"
    rows = keyed.carprice("keys", "list").stdout
    assert f"{quota}/day" in rows


def burst(site: Site, secret: str) -> list[Answer]:
    return [price(site, secret, X_Request_ID="an-id") for _ in range(3 * RATE)]


def test_the_rate_of_an_address(keyed: Site) -> None:
    _, refused = count_priced(keyed, "", 3)
    statuses = [answer.status for answer in refused]
    assert set(statuses) == {401, 429}
    assert statuses.count(401) <= 1.3 * ADDRESS_RATE * 4


def test_a_rollout_and_the_doctor_bring_the_stacks_own_key(keyed: Site, images: Images) -> None:
    secret = add_key(keyed, "lasting")
    done = keyed.roll_out(keyed.other_image(images))
    assert done.json()["changed"]
    wait_for_status(keyed, secret, 200)
    assert price(keyed).status == 401
    own = keyed.folder / "var" / "internal.key"
    assert stat.S_IMODE(own.stat().st_mode) == 0o600
    text = own.read_text().strip()
    for service in (API, EDGE):
        for container in keyed.containers(service):
            found = execute(container, "bash", "-c", "cat /app/keys/* /run/edge/* /proc/1/environ", check=False)
            assert text not in found.stdout + found.stderr
    doctor = keyed.carprice("doctor", "--docker", "--json")
    found = [item for item in json.loads(doctor.stdout)["data"]["findings"] if item["check"] != "stack down"]
    assert [item for item in found if "mlflow" not in json.dumps(item).lower()] == []
