import tracemalloc

import numpy as np
import pytest

from carprice.listings.deduplication import SeenRows

BATCHES, ROWS = 100, 10_000
BYTES_PER_ROW = 8


def test_seen_rows_are_a_set() -> None:
    random = np.random.Generator(np.random.PCG64(1))
    seen, known = SeenRows(), set()
    for size in (1, 0, 5, 300, 2, 1_000, 40, 40, 3):
        ids = random.integers(0, 800, size, dtype=np.uint64)
        expected = []
        for number in ids.tolist():
            expected.append(number not in known)
            known.add(number)
        assert seen.add(ids).tolist() == expected


@pytest.fixture
def full() -> SeenRows:
    """Filled by batches of ids that none has had before."""
    seen = SeenRows()
    for start in range(0, BATCHES * ROWS, ROWS):
        assert seen.add(np.arange(start, start + ROWS, dtype=np.uint64)).all()
    return seen


def test_eight_bytes_per_row(request: pytest.FixtureRequest) -> None:
    tracemalloc.start()
    seen = request.getfixturevalue("full")
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert BYTES_PER_ROW <= used / (BATCHES * ROWS) < 1.1 * BYTES_PER_ROW
    assert not seen.add(np.array([ROWS + 1], np.uint64)).any(), "and it is still there"


def test_adding_searches_few_runs_however_many_batches_came(
    full: SeenRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[int] = []
    search = np.searchsorted
    monkeypatch.setattr(np, "searchsorted", lambda run, ids: searched.append(run.size) or search(run, ids))
    full.add(np.array([0], np.uint64))
    assert 0 < len(searched) < 10
    assert sum(searched) == BATCHES * ROWS
