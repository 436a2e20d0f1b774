import numpy as np

from carprice.listings.deduplication import SeenRows


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


def test_eight_bytes_per_row() -> None:
    seen = SeenRows()
    for start in range(0, 100_000, 1_000):
        seen.add(np.arange(start, start + 1_000, dtype=np.uint64))
    assert sum(run.nbytes for run in seen._runs) == 800_000
    assert len(seen._runs) < 10
