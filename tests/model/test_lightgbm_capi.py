"""The trees through LightGBM's C API: equal to the lightgbm package to the last bit."""

import gc
import math
import threading
import weakref
from array import array
from dataclasses import dataclass
from pathlib import Path

import lightgbm as lgb
import numpy as np
import polars as pl
import pytest
from tests.bundles import grow_bundle
from tests.model.cars import UK_VALUES

from carprice.frames.encoding import encode_frame
from carprice.listings.cleaning import load_listings
from carprice.market.market_file import load_market
from carprice.model.bundle.contents import read_bundle
from carprice.model.bundle.manifest import champion_version, find_bundle
from carprice.model.forest.lightgbm_capi import Trees
from carprice.model.pricer import Pricer, load_pricer

REAL_TREES = 40
THREADS = 4
DEADLINE_SECONDS = 60


@dataclass(frozen=True)
class Grown:
    """A pricer, the same trees in the lightgbm package, and listings: as values, and as training's matrix."""

    pricer: Pricer
    booster: lgb.Booster
    listings: list[tuple[str | float | None, ...]]
    matrix: np.ndarray


def load_grown(artifacts: Path, frame: pl.DataFrame) -> Grown:
    folder = find_bundle(artifacts)
    bundle = read_bundle(folder)
    pricer = load_pricer(folder)
    names = [feature.name for feature in pricer.market.features]
    matrix = encode_frame(frame, pricer.market, bundle.encoders, bundle.scaler, pricer.encoder.zero)
    matrix = np.array([pricer.forest.widen(row) for row in matrix.tolist()])
    return Grown(pricer, lgb.Booster(model_str=bundle.model["trees"]), frame.select(names).rows(), matrix)


@pytest.fixture(scope="module", params=[pytest.param("uk", marks=pytest.mark.slow), "georgia"])
def real(
    request: pytest.FixtureRequest, listings_dir: Path, markets_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Grown:
    """A quick model of a real market, and every listing of it."""
    market = load_market(request.param, markets_dir)
    frame = load_listings(listings_dir / f"{market.name}.csv.gz", market).frame
    artifacts = tmp_path_factory.mktemp(market.name)
    grow_bundle(artifacts, frame, market, REAL_TREES)
    return load_grown(artifacts, frame)


@pytest.fixture(scope="module")
def trees(small_bundle: Path) -> Trees:
    return Trees(read_bundle(find_bundle(small_bundle)).model["trees"])


@pytest.fixture(scope="module")
def booster(small_bundle: Path) -> lgb.Booster:
    return lgb.Booster(model_str=read_bundle(find_bundle(small_bundle)).model["trees"])


@pytest.mark.listings
def test_every_real_listing_scores_as_in_the_package(real: Grown) -> None:
    expected = real.booster.predict(real.matrix, raw_score=True)
    rows = [real.pricer.forest.widen(real.pricer.encoder.encode(values)[0]) for values in real.listings]
    assert np.array(rows).tobytes() == real.matrix.tobytes()
    single = np.array([real.pricer.forest.trees.predict_row(row) for row in rows])
    assert single.tobytes() == expected.tobytes()
    for threads in (1, 2):
        assert real.pricer.forest.trees.predict_rows(real.matrix, threads).tobytes() == expected.tobytes()


@pytest.mark.listings
def test_real_listings_with_damage_score_as_in_the_package(real: Grown) -> None:
    """One unknown category or missing number after the other, in every column."""
    for column in range(real.matrix.shape[1]):
        matrix = real.matrix[::50].copy()
        matrix[:, column] = np.nan
        expected = real.booster.predict(matrix, raw_score=True)
        assert real.pricer.forest.trees.predict_rows(matrix).tobytes() == expected.tobytes()
        single = np.array([real.pricer.forest.trees.predict_row(row) for row in matrix.tolist()])
        assert single.tobytes() == expected.tobytes()


@pytest.mark.listings
def test_real_contributions_equal_the_package(real: Grown) -> None:
    matrix = real.matrix[::200]
    expected = np.asarray(real.booster.predict(matrix, pred_contrib=True))
    found = np.array([real.pricer.forest.trees.contributions(row) for row in matrix.tolist()])
    assert found.tobytes() == expected.tobytes()
    assert found.sum(axis=1) == pytest.approx(real.booster.predict(matrix, raw_score=True), rel=1e-12)


@pytest.mark.parametrize("number", [0.0, -1.0, 1e300, -1e300, math.inf, -math.inf, math.nan, 5e-324])
def test_any_number_scores_as_in_the_package(trees: Trees, booster: lgb.Booster, number: float) -> None:
    row = [number] * len(trees.columns)
    expected = float(np.asarray(booster.predict([row], raw_score=True))[0])
    assert trees.predict_row(row) == expected
    assert trees.predict_rows(array("d", row)).tolist() == [expected]


def test_columns_come_from_the_text(trees: Trees) -> None:
    assert trees.columns == (
        *("make", "model", "year", "transmission", "mileage"),
        *("fuel", "tax", "mpg", "engine_size"),
        *("tax.category", "mpg.category", "engine_size.category", "model.missing"),
    )


def test_threads_share_one_instance(pricer: Pricer, booster: lgb.Booster) -> None:
    """Each thread prices rows of its own, over and over, while the others do."""
    rows = [
        [
            pricer.forest.widen(
                pricer.encoder.encode([*UK_VALUES[:4], miles * 1000.0 + thread, *UK_VALUES[5:]])[0]
            )
            for miles in range(100)
        ]
        for thread in range(THREADS)
    ]
    expected = [np.asarray(booster.predict(part, raw_score=True)).tolist() for part in rows]
    wrong: list[int] = []
    start = threading.Barrier(THREADS)

    def price(thread: int) -> None:
        start.wait(DEADLINE_SECONDS)
        for _ in range(50):
            if [pricer.forest.trees.predict_row(row) for row in rows[thread]] != expected[thread]:
                wrong.append(thread)

    workers = [threading.Thread(target=price, args=(thread,)) for thread in range(THREADS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(DEADLINE_SECONDS)
        assert not worker.is_alive()
    assert wrong == []


def test_batches_and_single_rows_at_once(pricer: Pricer, booster: lgb.Booster) -> None:
    row = pricer.forest.widen(pricer.encoder.encode(UK_VALUES)[0])
    expected = float(np.asarray(booster.predict([row], raw_score=True))[0])
    batches: list[list[float]] = []
    worker = threading.Thread(
        target=lambda: batches.extend(
            pricer.forest.trees.predict_rows(array("d", row * 500), 2).tolist() for _ in range(20)
        )
    )
    worker.start()
    singles = {pricer.forest.trees.predict_row(row) for _ in range(2000)}
    worker.join(DEADLINE_SECONDS)
    assert singles == {expected}
    assert batches == [[expected] * 500] * 20


def test_a_thread_that_ended_leaves_nothing_behind(small_bundle: Path) -> None:
    """The booster goes with the last that uses it, and no garbage collection is needed for it."""
    gc.disable()
    try:
        trees = Trees(read_bundle(find_bundle(small_bundle)).model["trees"])
        row = [1.0] * len(trees.columns)
        worker = threading.Thread(target=trees.predict_row, args=(row,))
        worker.start()
        worker.join(DEADLINE_SECONDS)
        trees.predict_row(row)
        booster = weakref.ref(trees._booster)
        del trees, worker
        assert booster() is None
    finally:
        gc.enable()


def test_no_rows_give_no_scores(trees: Trees) -> None:
    assert trees.predict_rows(array("d")).tolist() == []


def test_rows_may_be_read_only(trees: Trees) -> None:
    rows = np.ones((3, len(trees.columns)))
    expected = trees.predict_rows(rows).tolist()
    rows.flags.writeable = False
    assert trees.predict_rows(rows).tolist() == expected


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (array("d", [1.0] * 14), "a matrix of 14 numbers is not rows of 13"),
        (array("f", [1.0] * 26), r"a matrix should be of float64 \(got format f\)"),
        (np.ones((2, 13), dtype=np.int64), r"a matrix should be of float64 \(got format l\)"),
    ],
)
def test_other_matrices_are_refused(trees: Trees, rows: "array[float]", message: str) -> None:
    with pytest.raises(ValueError, match=message):
        trees.predict_rows(rows)


def test_a_row_of_another_length_is_refused(trees: Trees) -> None:
    for length in (0, 12, 14):
        with pytest.raises(ValueError, match="same size"):
            trees.predict_row([1.0] * length)
    with pytest.raises(ValueError, match="not rows of 13"):
        trees.contributions([1.0] * 14)


def test_the_champion_is_the_bundle_that_was_grown(small_bundle: Path, pricer: Pricer) -> None:
    assert pricer.version == champion_version(small_bundle)
