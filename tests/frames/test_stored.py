"""A stored frame comes back as it was, and leaves nothing behind."""

from pathlib import Path

import polars as pl
import pytest

from carprice.frames import stored
from carprice.frames.stored import StoredFrame


@pytest.mark.parametrize("many", [1, 1_000_000], ids=["in a file", "in memory"])
def test_it_is_the_same_again(many: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "MANY_ROWS", many)
    frame = pl.DataFrame(
        {"make": ["VW", None, "Ford"] * 100, "@car": pl.Series([2**64 - 1, 1, 2] * 100, dtype=pl.UInt64)}
    ).with_columns(price=pl.int_range(300) / 7)
    kept = StoredFrame(frame, tmp_path)
    assert kept.height == 300
    for _ in range(2):
        assert kept.load().equals(frame)
    assert kept.load_some(300).equals(frame)
    assert kept.load_some(100).equals(frame[::3])
    assert list(tmp_path.iterdir()) == []
