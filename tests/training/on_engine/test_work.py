"""A training that keeps what is done: killed anywhere, refused, and the same bundle as without."""

from pathlib import Path

import pytest
from tests.training.on_engine.commands import CHOICE, HELD_OUT, WORK, Command, describe_bundle, write_listings

from carprice.engine.steps import hold_work
from carprice.errors import EngineError
from carprice.market.market_file import Market
from carprice.training.on_engine.work import NO_ENGINE, EngineChoice, open_work

ROWS = 300


@pytest.mark.slow
def test_after_kill_9_the_same_command_goes_on_to_the_same_bundle(uk: Market, tmp_path: Path, root: Path) -> None:
    words = ("train", "--market", "uk", "--data", str(write_listings(uk, tmp_path / "cars.csv", ROWS)))
    alone, killed = (Command(root, tmp_path / name, *words) for name in ("alone", "killed"))
    alone.run()
    before = killed.kill(CHOICE + 1, "--workers", "2")
    assert not list(killed.artifacts.glob("2*"))
    said = killed.run("--workers", "2")
    assert CHOICE < before < CHOICE + HELD_OUT
    assert f" of {CHOICE} parts" not in said, "of those of the choice none is grown again"
    assert f"Grow booster: {HELD_OUT} of {HELD_OUT} parts, {before - CHOICE} kept, " in said
    assert describe_bundle(killed.artifacts) == describe_bundle(alone.artifacts)
    assert not (killed.artifacts / WORK).exists()


KILLS = (
    ("load_listings", 0),
    ("grow_booster", 3),
    ("choose_recipe", 0),
    ("grow_booster", CHOICE + 4),
    ("hold_out", 0),
    ("grow_spread", 2),
    ("fit_listings", 0),
    ("judge_model", 0),
    ("grow_booster", CHOICE + HELD_OUT + 20),
    ("grow_spread", 8),
    ("fit_listings", 1),
    ("prove_served", 0),
    ("build_comparables", 0),
    ("write_bundle", 0),
)
"""In the midst of each step, and after so many of its outputs."""
KILLS_OF_WORKERS = (KILLS[0], KILLS[3], KILLS[5], KILLS[10])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "kills"),
    [((), KILLS), (("--workers", "2"), KILLS_OF_WORKERS)],
    ids=["in this process", "workers"],
)
def test_killed_in_each_step_it_does_none_of_them_again(
    uk: Market, tmp_path: Path, root: Path, options: tuple[str, ...], kills: tuple[tuple[str, int], ...]
) -> None:
    words = ("train", "--market", "uk", "--data", str(write_listings(uk, tmp_path / "cars.csv", ROWS)))
    alone, whole, killed = (Command(root, tmp_path / name, *words) for name in ("alone", "whole", "killed"))
    alone.run()
    whole.run_logged(*options)
    expected = whole.list_steps()
    for step, number in kills:
        killed.die(step, number, *options)
        assert list(killed.artifacts.glob("2*")) == [], step
    killed.run_logged(*options)
    assert sorted(killed.list_steps()) == sorted(expected), "each step once"
    assert len(set(expected)) == len(expected)
    for command in (whole, killed):
        assert describe_bundle(command.artifacts) == describe_bundle(alone.artifacts)
        assert not (command.artifacts / WORK).exists()


def test_another_training_of_the_market_is_refused(tmp_path: Path) -> None:
    with (
        hold_work(tmp_path / WORK),
        pytest.raises(EngineError, match=f"{WORK}: another command works in this folder"),
        open_work(EngineChoice(workers=1), tmp_path, "uk"),
    ):
        pass


def test_the_folder_goes_with_the_end_and_stays_where_something_failed(tmp_path: Path) -> None:
    with open_work(NO_ENGINE, tmp_path, "uk") as work:
        assert work.engine is None
    assert not (tmp_path / WORK).exists()
    with pytest.raises(KeyError), open_work(EngineChoice(workers=1), tmp_path, "uk"):
        raise KeyError
    assert (tmp_path / WORK).exists()
    with open_work(EngineChoice(workers=1), tmp_path, "uk") as work:
        assert work.engine is not None
    assert not (tmp_path / WORK).exists()


@pytest.mark.slow
def test_the_manifest_names_the_gang(uk: Market, tmp_path: Path, root: Path) -> None:
    words = ("train", "--market", "uk", "--data", str(write_listings(uk, tmp_path / "cars.csv", ROWS)))
    command = Command(root, tmp_path / "gang", *words)
    command.run("--gang", "2")
    assert describe_bundle(command.artifacts)["manifest.json"]["params"]["gang"] == 2
