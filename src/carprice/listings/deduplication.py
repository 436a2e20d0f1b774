"""Duplicates among rows, found in 8 bytes per row, and the keys that identify a row."""

from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import polars as pl

Ids = npt.NDArray[np.uint64]

CAR, DAY = "@car", "@day"
"""Columns of a clean frame besides its features, price and key; no feature can have such a name."""

_SEPARATOR = "\x1f"


class SeenRows:
    """A set of 64-bit ids that grows by batches: sorted runs, merged when as long as the run before."""

    def __init__(self) -> None:
        self._runs: list[Ids] = []

    def add(self, ids: Ids) -> npt.NDArray[np.bool_]:
        """Add ids (rows,) and say of each whether it is new: not seen before, nor earlier in ids."""
        unique, first = np.unique(ids, return_index=True)
        is_new = np.ones(unique.size, bool)
        for run in self._runs:
            index = np.searchsorted(run, unique)
            is_new &= run[np.minimum(index, run.size - 1)] != unique
        mask = np.zeros(ids.size, bool)
        mask[first[is_new]] = True
        self._append(unique[is_new])
        return mask

    def _append(self, run: Ids) -> None:
        if not run.size:
            return
        self._runs.append(run)
        while len(self._runs) > 1 and self._runs[-1].size >= self._runs[-2].size:
            last, before = self._runs.pop(), self._runs.pop()
            # Both are sorted, which the stable sort notices.
            self._runs.append(np.sort(np.concatenate([before, last]), kind="stable"))


def hash_features(frame: pl.DataFrame) -> pl.Series:
    """The key of each row, UInt64: BLAKE2b-64 over its values, by name, in column order.

    Numbers enter by the bits of their float64, so that no library's way to print them moves a key.
    """
    texts = [(values if values.dtype == pl.String else _write_bits(values)).fill_null("") for values in frame]
    joined = pl.select(pl.concat_str(texts, separator=_SEPARATOR)).to_series()
    digests = b"".join(blake2b(text.encode(), digest_size=8).digest() for text in joined)
    return pl.Series("key", np.frombuffer(digests, "<u8").astype(np.uint64))


def _write_bits(values: pl.Series) -> pl.Series:
    bits = pl.Series(values.fill_null(0.0).to_numpy().view(np.int64)).cast(pl.String)
    return bits.set(values.is_null(), None)


def pair_ids(keys: pl.Series, prices: pl.Series) -> Ids:
    """One id (rows,) per pair of key (UInt64) and price (Float64), the price mixed as SplitMix64 does.

    Source: S. Vigna, SplitMix64 (public domain), https://prng.di.unimi.it/splitmix64.c
    """
    mixed = prices.to_numpy().view(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    ids: Ids = keys.to_numpy() ^ mixed ^ (mixed >> np.uint64(31))
    return ids
