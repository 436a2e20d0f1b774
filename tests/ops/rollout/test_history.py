"""The history of releases, from the journal's lines."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from carprice.ops.journal import Journal
from carprice.ops.rollout.history import describe_releases, list_live, list_releases

BEGIN = {"image": "i:r1", "model": "20260101T000000Z", "by": "ada"}


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "deployments.jsonl")


def test_a_rollout_that_ended(journal: Journal) -> None:
    journal.add("adopted", release="local", image="i:local", model="image", by="ada")
    journal.add("begin", release="r1", **BEGIN)
    journal.add("step", release="r1", step="health", seconds=1.0)
    journal.add("done", release="r1", outcome="live", seconds=12.3, requests=1234, failed=0)
    journal.add("begin", release="r2", **{**BEGIN, "image": "i:r2"})
    journal.add("done", release="r2", outcome="failed", seconds=3.0, reason="Gate shadow: too dear")
    local, first, second = list_releases(journal)
    assert (local.name, local.outcome, local.release.bundle) == ("local", "live", "")
    assert (first.outcome, first.seconds, first.requests, first.failed) == ("live", 12.3, 1234, 0)
    assert (second.outcome, second.reason) == ("failed", "Gate shadow: too dear")
    assert [entry.name for entry in list_live(journal)] == ["local", "r1"]


def test_a_clock_that_goes_back_changes_no_order(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    hours = iter((12, 13, 2, 3))

    class Clock:
        @staticmethod
        def now(_: object) -> datetime:
            return datetime(2027, 1, 1, next(hours), tzinfo=UTC)

    monkeypatch.setattr("carprice.ops.journal.datetime", Clock)
    for name in ("r1", "r2"):
        journal.add("begin", release=name, **BEGIN)
        journal.add("done", release=name, outcome="live", seconds=1.0, requests=0, failed=0)
    assert [entry.name for entry in list_live(journal)] == ["r1", "r2"]


@pytest.mark.parametrize(("served", "outcome"), [("r1", "cut short"), ("r2", "live")])
def test_a_killed_rollout_is_live_where_it_was_completed(journal: Journal, served: str, outcome: str) -> None:
    journal.add("adopted", release="r1", **BEGIN)
    journal.add("begin", release="r2", **BEGIN)
    assert list_releases(journal)[-1].outcome == "under way"
    journal.add("takeover", release="r2", from_pid=1, at_step="replace")
    journal.add("reconciled", release=served)
    assert list_releases(journal)[-1].outcome == outcome


def test_a_release_found_again_comes_last(journal: Journal) -> None:
    journal.add("adopted", release="local", **BEGIN)
    journal.add("adopted", release="r1", **BEGIN)
    journal.add("adopted", release="local", **{**BEGIN, "image": "i:other"})
    assert [(entry.name, entry.image) for entry in list_releases(journal)] == [
        ("r1", "i:r1"),
        ("local", "i:other"),
    ]


def test_the_table(journal: Journal) -> None:
    assert describe_releases([], "local") == "No rollout yet."
    journal.add("adopted", release="local", **{**BEGIN, "model": "image"})
    journal.add("begin", release="r1", **BEGIN)
    journal.add("done", release="r1", outcome="failed", seconds=7.4, requests=1234, failed=5, reason="No answer")
    lines = describe_releases(list_releases(journal), "local").splitlines()
    heads = ["release", "begun", "(UTC)", "by", "model", "outcome", "took", "requests", "failed"]
    assert lines[0].split() == heads
    assert lines[1].startswith("* local ")
    assert lines[1].split()[4:] == ["ada", "of", "the", "image", "live", "-", "-", "-"]
    assert lines[2].startswith("  r1 ")
    assert lines[2].split()[3:] == ["ada", "20260101T000000Z", "failed", "7", "s", "1,234", "5"]
    assert lines[3] == "           No answer"
    narrow = describe_releases(list_releases(journal), "local", room=80).splitlines()
    assert narrow[0].split() == [head for head in heads if head not in ("by", "took")]
    assert max(map(len, narrow)) <= 80
