"""A refresh on the real stack, under load: new listings serve without a lost request, bad ones never do."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from tests.bundles import invent_uk_listings
from tests.stack.rollout.conftest import open_site
from tests.stack.rollout.releases import Images
from tests.stack.rollout.site import Site

from carprice.market.market_file import load_market
from carprice.model.bundle.manifest import champion_version
from carprice.settings import Settings
from carprice.tracking.promotion import list_promotions

pytestmark = pytest.mark.scenarios

NOWHERE = "http://127.0.0.1:1"
FIRST, NEW, NEWEST = 1500, 3000, 4500


@pytest.fixture(scope="module")
def trained(
    root: Path, markets_dir: Path, tmp_path_factory: pytest.TempPathFactory, images: Images
) -> Iterator[Site]:
    """A stack that serves what was learnt from the first listings."""
    settings = {"CARPRICE_MLFLOW_URL": NOWHERE}
    with open_site(root, tmp_path_factory.mktemp("refreshed"), markets_dir, images, **settings) as site:
        done = site.carprice("train", "--market", "uk", "--data", write(site, markets_dir, FIRST))
        assert done.code == 0, done.stderr
        site.roll_out(site.pins()["IMAGE"], done.stdout.strip(), "--accept-price-shift")
        yield site


def write(site: Site, markets_dir: Path, rows: int, factor: float = 1.0) -> str:
    """So many listings in a file, the first of which are always the same; factor: of every price."""
    market = load_market("uk", markets_dir)
    columns = {feature.name: feature.column for feature in market.features}
    frame = invent_uk_listings(market, NEWEST, seed=4).head(rows).with_columns(pl.col("price") * factor)
    path = site.folder / f"{rows}-{factor}.csv"
    frame.rename(columns).with_columns(pl.col("year").cast(pl.Int64)).write_csv(path)
    return str(path)


def test_new_listings_serve_without_a_lost_request(trained: Site, markets_dir: Path) -> None:
    listings = write(trained, markets_dir, NEW)
    with trained.load() as load:
        done = trained.carprice("refresh", listings, "--market", "uk", "--docker", "--json")
    assert done.code == 0, done.stderr
    found = done.json()
    assert (found["result"], list(found["steps"])) == ("live", ["check", "train", "compare", "serve"])
    assert load.results.failed == []
    assert load.results.find_steps_back() == []
    assert load.results.records[-1].model == found["version"]
    assert trained.pins()["IMAGE"].endswith(trained.pins()["RELEASE"])  # the same image, under the release's name
    trained.check_plain()


def test_the_record_says_what_the_comparison_came_to(trained: Site) -> None:
    [*_, last] = list_promotions(Settings(artifacts_dir=trained.folder / "artifacts"))
    assert last.version == champion_version(trained.folder / "artifacts")
    assert last.why == "refresh"
    assert last.figures


def test_a_bad_file_changes_nothing(trained: Site, markets_dir: Path) -> None:
    facts = trained.facts()
    done = trained.carprice("refresh", write(trained, markets_dir, NEW, 1.3), "--market", "uk", "--docker")
    assert done.code == 3, done.stderr
    assert "the file differs too much from the last one: its prices are +30%" in done.stdout
    assert trained.facts() == facts


def test_a_gate_that_refuses_keeps_the_champion(trained: Site, markets_dir: Path) -> None:
    trained.set_limits(price_shift_median=0.0, price_shift_p95=0.0)
    before = trained.release
    done = trained.carprice("refresh", write(trained, markets_dir, NEWEST), "--market", "uk", "--docker")
    assert done.code == 3, done.stderr
    assert "stays: the rollout went back: Gate shadow: " in done.stdout
    assert trained.release == before
    trained.set_limits()
    trained.check_plain()
