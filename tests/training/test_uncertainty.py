"""The range: from listings that no forest saw, wide where little is known, and for every kind of market."""

from dataclasses import replace

import numpy as np
import pytest
from tests.bundles import SEED
from tests.training.conftest import Encoded

from carprice.training.held_out import HeldOut
from carprice.training.uncertainty import (
    GROUP_ROWS,
    MAX_GROUPS,
    MIN_GROUP_ROWS,
    MIN_GROUPS,
    conformal_quantiles,
    fit_range,
    tabulate,
)


def test_the_range_has_a_group_more_where_there_are_models(held: HeldOut, cars: Encoded) -> None:
    found = fit_range(held, cars.columns, ["model"], SEED)["range"]
    groups = len(held.error) // GROUP_ROWS
    assert MIN_GROUPS < groups < MAX_GROUPS
    assert len(found["edges"]) == groups - 1
    assert len(found["quantiles"]) == groups + 1
    nameless = replace(cars.columns, keys=[0], model=None)
    assert len(fit_range(held, nameless, [], SEED)["range"]["quantiles"]) == groups
    for table in found["quantiles"]:
        assert len(table) == 99
        assert table == sorted(table)


def test_the_range_holds_what_it_says(held: HeldOut, cars: Encoded) -> None:
    draw = np.random.default_rng(3)
    count = 6000
    size = draw.normal(-2, 0.5, count)
    matrix = np.tile(cars.rows.matrix[:1], (count, 1))
    nothing = np.zeros(count, bool)
    target = draw.standard_t(4, count) * np.exp(size)
    like = np.full(count, 9)
    made = HeldOut(matrix, np.zeros(count), target, np.ones(count), np.arange(count), ~nothing, nothing, like, {})
    half = slice(0, count // 2)
    part = replace(made, matrix=matrix[half], score=made.score[half], target=target[half], like=like[half])
    edges, tables, _ = tabulate(part, size[half], cars.columns)
    group = np.searchsorted(edges, size)[count // 2 :]
    standard = (target / np.exp(size))[count // 2 :]
    low, high = (np.array(tables)[group, level] for level in (4, 94))
    assert np.mean((standard >= low) & (standard <= high)) == pytest.approx(0.9, abs=0.02)


def test_a_group_of_few_has_the_quantiles_of_all(cars: Encoded) -> None:
    count = 300
    matrix = np.tile(cars.rows.matrix[:1], (count, 1))
    matrix[: MIN_GROUP_ROWS - 1, cars.columns.model] = np.nan
    no = np.zeros(count, bool)
    target = np.linspace(-1, 1, count)
    like = np.full(count, 9)
    like[-MIN_GROUP_ROWS:] = 2
    held = HeldOut(matrix, np.zeros(count), target, np.ones(count), np.arange(count), ~no, no, like, {})
    _, tables, few = tabulate(held, np.zeros(count), cars.columns)
    assert tables[3] == conformal_quantiles(target)
    assert few == conformal_quantiles(target[-MIN_GROUP_ROWS:])
    like[-1] = 3
    assert tabulate(held, np.zeros(count), cars.columns)[2] == []


def test_quantiles_by_hand() -> None:
    of_ninety_nine = conformal_quantiles(np.arange(99.0)[::-1])
    assert of_ninety_nine == list(range(99))
    few = conformal_quantiles(np.arange(19.0))
    assert (few[4], few[49], few[94]) == (0.0, 9.0, 18.0), "the 5th and the 95th of a hundred are the ends"
