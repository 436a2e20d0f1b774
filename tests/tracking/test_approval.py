"""A promotion asks the comparison first: what is worse is refused, or forced with a reason on record."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from tests.bundles import grow_bundle, invent_uk_listings
from tests.tracking.conftest import Runner

from carprice.errors import BundleError
from carprice.market.market_file import Market, load_market
from carprice.model.bundle.manifest import champion_version, set_champion
from carprice.settings import Settings
from carprice.tracking.promotion import list_promotions

GOOD, COARSE, DEAR = "good", "coarse", "dear"


@pytest.fixture(scope="module")
def market(markets_dir: Path) -> Market:
    return load_market("uk", markets_dir)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory, market: Market) -> tuple[Path, dict[str, str]]:
    """A folder with a champion, a model of five trees, and one that learnt from prices times 1.3."""
    folder = tmp_path_factory.mktemp("approval") / "artifacts"
    frame = invent_uk_listings(market)
    found = {
        GOOD: grow_bundle(folder, frame, market),
        COARSE: grow_bundle(folder, invent_uk_listings(market, 150, seed=3), market, trees=5),
        DEAR: grow_bundle(folder, frame.with_columns(pl.col("price") * 1.3), market),
    }
    set_champion(folder, found[GOOD])
    return folder, found


@pytest.fixture
def versions(offline: Settings, grown: tuple[Path, dict[str, str]]) -> dict[str, str]:
    """The same in the test's own folder."""
    folder, found = grown
    shutil.copytree(folder, offline.artifacts_dir)
    return found


@pytest.fixture
def listings(tmp_path: Path, market: Market) -> str:
    """Listings that no model of these has learnt from."""
    columns = {feature.name: feature.column for feature in market.features}
    frame = invent_uk_listings(market, 800, seed=41).rename(columns).with_columns(pl.col("year").cast(pl.Int64))
    frame.write_csv(tmp_path / "new.csv")
    return str(tmp_path / "new.csv")


@pytest.mark.parametrize("worse", [pytest.param(COARSE, marks=pytest.mark.slow), DEAR])
def test_what_is_worse_is_refused_and_nothing_changes(
    worse: str, versions: dict[str, str], listings: str, offline: Settings, run_cli: Runner
) -> None:
    result = run_cli("promote", versions[worse], "--data", listings, "--offline")
    assert isinstance(result.exception, BundleError)
    assert result.exception.what.startswith(
        f"{versions[worse]} is worse than the champion {versions[GOOD]}, so nothing was promoted. Overall: "
    )
    assert f"./carprice promote {versions[worse]} --force --why TEXT" in result.exception.hint
    assert champion_version(offline.artifacts_dir) == versions[GOOD]
    assert list_promotions(offline) == []


@pytest.mark.slow
def test_forced_it_is_on_record_with_the_limits_it_breaks(
    versions: dict[str, str], listings: str, offline: Settings, run_cli: Runner
) -> None:
    result = run_cli("promote", versions[DEAR], "--data", listings, "--offline", "--force")
    assert (result.exit_code, "--force needs --why TEXT" in result.stderr) == (2, True)
    result = run_cli(
        "promote", versions[DEAR], "--data", listings, "--offline", "--force", "--why", "the market rose"
    )
    assert result.exit_code == 0, result.stderr
    [promotion] = list_promotions(offline)
    assert (promotion.version, promotion.before, promotion.why) == (
        versions[DEAR],
        versions[GOOD],
        "the market rose",
    )
    assert any("prices move by +3" in reason for reason in promotion.forced)
    assert promotion.figures
    assert promotion.figures["listings"]["source"] == "new.csv"


def test_what_is_as_good_is_promoted(
    versions: dict[str, str], listings: str, offline: Settings, market: Market, run_cli: Runner
) -> None:
    again = grow_bundle(offline.artifacts_dir, invent_uk_listings(market), market)
    set_champion(offline.artifacts_dir, versions[GOOD])
    result = run_cli("promote", again, "--data", listings, "--offline")
    assert result.exit_code == 0, result.stderr
    assert "within the limits of a promotion" in result.output, result.output
    assert champion_version(offline.artifacts_dir) == again


@pytest.mark.slow
def test_without_listings_to_compare_by_it_is_promoted(
    versions: dict[str, str], offline: Settings, run_cli: Runner
) -> None:
    assert run_cli("promote", versions[COARSE], "--offline").exit_code == 0
    assert champion_version(offline.artifacts_dir) == versions[COARSE]


def test_the_comparison_as_text_and_as_data(versions: dict[str, str], listings: str, run_cli: Runner) -> None:
    result = run_cli("compare", versions[COARSE], "--data", listings)
    assert result.exit_code == 0, result.stderr
    assert f"{versions[COARSE]} against the champion {versions[GOOD]}: " in result.stdout
    assert "It is beyond the limits of a promotion:\n  Overall: the median error is " in result.stdout
    data = json.loads(run_cli("compare", versions[COARSE], versions[GOOD], "--data", listings, "--json").stdout)[
        "data"
    ]
    assert (data["result"], data["listings"]["chosen_by"]) == ("worse", "car")
    assert data["reasons"]


def test_a_model_is_not_compared_with_itself(versions: dict[str, str], run_cli: Runner) -> None:
    result = run_cli("compare", versions[GOOD])
    assert isinstance(result.exception, BundleError)
    assert result.exception.what == f"{versions[GOOD]} would be compared with itself"
