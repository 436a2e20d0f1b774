"""A refresh with real trainings: what is new and no worse serves, a bad file never does."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from tests.bundles import invent_uk_listings
from tests.ports import find_port
from tests.quick_training import train_quickly
from tests.tracking.conftest import Runner
from tests.training.on_engine.commands import CHOICE, WORK, Command, describe_bundle

from carprice.listings import room
from carprice.market.market_file import Market, load_market
from carprice.model.bundle.manifest import champion_version, list_versions
from carprice.settings import Settings
from carprice.system.locks import hold_lock
from carprice.training.forest.recipes import SMALL

pytestmark = pytest.mark.slow

Write = Callable[[str, pl.DataFrame], str]


@pytest.fixture(scope="module")
def market(markets_dir: Path) -> Market:
    return load_market("uk", markets_dir)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("refresh")
    url = f"http://127.0.0.1:{find_port()}"
    return Settings(artifacts_dir=folder / "artifacts", var_dir=folder / "var", mlflow_url=url)


@pytest.fixture(scope="module")
def write(tmp_path_factory: pytest.TempPathFactory, market: Market) -> Write:
    """Write listings as their market has them; returns the path."""
    folder = tmp_path_factory.mktemp("listings")
    columns = {feature.name: feature.column for feature in market.features}

    def write_csv(name: str, frame: pl.DataFrame) -> str:
        frame.rename(columns).with_columns(pl.col("year").cast(pl.Int64)).write_csv(folder / name)
        return str(folder / name)

    return write_csv


@pytest.fixture
def run(settings: Settings, champion: str) -> Runner:
    return Runner(settings)


@pytest.fixture(scope="module")
def small_recipe() -> Iterator[None]:
    """Every training takes this recipe, of which more listings make a better model."""
    with train_quickly(replace(SMALL, fits=1, reduced=0)):
        yield


@pytest.fixture(scope="module")
def champion(small_recipe: None, settings: Settings, write: Write, market: Market) -> str:
    """The first refresh trains the champion, without anything to compare it with."""
    path = write("first.csv", invent_uk_listings(market, 1500))
    result = Runner(settings)("refresh", path, "--market", "uk", "--local")
    assert result.exit_code == 0, result.output + str(result.exception)
    assert "nothing runs here, so the next ./carprice up serves it" in result.stdout
    version = champion_version(settings.artifacts_dir)
    assert version
    return version


def test_the_same_file_changes_nothing(
    run: Runner, champion: str, write: Write, market: Market, settings: Settings
) -> None:
    path = write("same.csv", invent_uk_listings(market, 1500))
    result = run("refresh", path, "--market", "uk", "--local", "--workers", "1")
    assert result.exit_code == 3
    assert not (settings.artifacts_dir / WORK).exists(), "nobody goes on with it"
    assert result.stdout == (f"{champion} stays: nothing is new: {champion} has learnt from these very listings\n")


def _dearer(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("price") * 1.3)


def _without_half_the_makes(frame: pl.DataFrame) -> pl.DataFrame:
    makes = frame["make"].unique().sort()
    return frame.filter(pl.col("make").is_in(makes[: len(makes) // 2].implode()))


def _shifted(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("fuel").alias("transmission"), pl.col("transmission").alias("fuel"))


def _few(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.head(400)


def _newest_dearer(frame: pl.DataFrame) -> pl.DataFrame:
    """The listings that the champion knows, and some new ones: of all together the median hardly moves."""
    return pl.concat([frame, _dearer(frame.sample(400, seed=2)).with_columns(pl.col("mileage") + 7)])


def _without_engine_size(frame: pl.DataFrame) -> pl.DataFrame:
    """Every second car without its engine's size, an optional field."""
    return (
        frame.with_row_index("row")
        .with_columns(pl.when(pl.col("row") % 2 == 0).then(pl.col("engine_size")).alias("engine_size"))
        .drop("row")
    )


BAD = [
    (_dearer, "its prices are +30% from those of"),
    pytest.param(_without_half_the_makes, "of the last listings are gone", marks=pytest.mark.slow),
    pytest.param(_shifted, "of its texts were never seen", marks=pytest.mark.slow),
    (_without_engine_size, "engine_size: 50% of its values are missing, of the last ones 0%"),
    (_newest_dearer, "the prices of its new listings are +"),
    pytest.param(_few, "listings, the last one had", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("spoil", "reason"), BAD, ids=lambda item: getattr(item, "__name__", ""))
def test_a_bad_file_never_goes_live(
    run: Runner,
    settings: Settings,
    champion: str,
    write: Write,
    market: Market,
    spoil: Callable[[pl.DataFrame], pl.DataFrame],
    reason: str,
) -> None:
    before = list_versions(settings.artifacts_dir)
    known = invent_uk_listings(market, 1500)
    listings = known if spoil is _newest_dearer else invent_uk_listings(market, 2000, seed=5)
    path = write(f"{spoil.__name__}.csv", spoil(listings))
    result = run("refresh", path, "--market", "uk", "--local", "--json")
    assert result.exit_code == 3, result.output
    data = json.loads(result.stdout)["data"]
    assert (data["result"], data["champion"], data["version"]) == ("kept", champion, None)
    assert reason in data["reason"]
    assert list_versions(settings.artifacts_dir) == before, "nothing was trained"
    assert champion_version(settings.artifacts_dir) == champion


@pytest.mark.slow
def test_a_dry_run_checks_alone(
    run: Runner, settings: Settings, champion: str, write: Write, market: Market
) -> None:
    before = list_versions(settings.artifacts_dir)
    path = write("dry.csv", invent_uk_listings(market, 1800, seed=6))
    result = run("refresh", path, "--market", "uk", "--local", "--dry-run")
    assert (result.exit_code, list_versions(settings.artifacts_dir)) == (0, before)
    assert result.stdout.startswith("The file can be learnt from: 1,")


def test_faults_of_the_file_are_said(
    run: Runner, settings: Settings, champion: str, write: Write, market: Market
) -> None:
    rows = invent_uk_listings(market, 1800, seed=6)
    spoilt = rows.with_columns(
        pl.when(pl.int_range(pl.len()) % 20 == 0).then(pl.col("price") * 10).otherwise(pl.col("price"))
    )
    result = run("refresh", write("faults.csv", spoilt), "--market", "uk", "--local", "--dry-run")
    assert result.exit_code == 0, result.output
    lines = [line for line in result.stderr.splitlines() if not line.startswith("check: ")]
    assert any("price" in line for line in lines), result.stderr


def test_two_at_once_are_refused(
    run: Runner, settings: Settings, champion: str, write: Write, market: Market
) -> None:
    path = write("two.csv", invent_uk_listings(market, 300, seed=8))
    with hold_lock(settings.var_dir / "refresh.lock"):
        result = run("refresh", path, "--market", "uk", "--local")
    assert result.exit_code == 1
    assert "Another refresh is under way" in str(result.exception)


def test_new_listings_serve_after_a_comparison(
    run: Runner, settings: Settings, champion: str, write: Write, market: Market
) -> None:
    both = pl.concat([invent_uk_listings(market, 1500), invent_uk_listings(market, 1500, seed=9)])
    result = run("refresh", write("new.csv", both), "--market", "uk", "--local", "--json")
    assert result.exit_code == 0, result.output + str(result.exception)
    data = json.loads(result.stdout)["data"]
    assert list(data["steps"]) == ["check", "train", "compare", "serve"]
    assert data["result"] == "live"
    assert data["champion"] == data["version"] == champion_version(settings.artifacts_dir) != champion


def test_grown_by_workers_and_killed_in_its_midst_it_makes_the_same_model(
    write: Write, market: Market, root: Path, tmp_path: Path
) -> None:
    words = ("refresh", write("few.csv", invent_uk_listings(market, 300)), "--market", "uk", "--local")
    alone, killed = (Command(root, tmp_path / name, *words) for name in ("alone", "killed"))
    alone.run()
    before = killed.kill(1, "--workers", "2")
    assert champion_version(killed.artifacts) is None
    said = killed.run("--workers", "2")
    kept = before % CHOICE  # of the step that was killed
    assert not kept or f", {kept} kept, " in said, "what was grown is not grown again"
    assert champion_version(killed.artifacts)
    assert describe_bundle(killed.artifacts) == describe_bundle(alone.artifacts)
    assert not (killed.artifacts / WORK).exists()


def test_more_than_the_memory_can_learn_from_is_refused(
    run: Runner, champion: str, write: Write, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "measure_free", lambda: room.FIXED_BYTES)
    result = run("refresh", write("first.csv", invent_uk_listings(market, 1500)), "--market", "uk", "--local")
    assert result.exit_code == 1
    assert "need 0.7 GB to learn from, and 0.7 GB are free: enough for 0" in str(result.exception)


@pytest.mark.usefixtures("champion")
def test_where_no_scheduler_answers_the_champion_stays(
    run: Runner, settings: Settings, write: Write, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carprice.engine.start.CONNECT_SECONDS", 0.2)
    before, champion = list_versions(settings.artifacts_dir), champion_version(settings.artifacts_dir)
    path = write("more.csv", invent_uk_listings(market, 1800))
    result = run("refresh", path, "--market", "uk", "--local", "--engine", "tcp://127.0.0.1:9")
    assert result.exit_code == 1
    assert "--engine tcp://127.0.0.1:9: no Dask scheduler answers" in str(result.exception)
    assert list_versions(settings.artifacts_dir) == before
    assert champion_version(settings.artifacts_dir) == champion
