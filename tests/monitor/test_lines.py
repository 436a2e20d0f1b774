"""The state of a figure: never ok by lack of evidence, never act by chance."""

import pytest

from carprice.monitor.lines import ACT, NOT_KNOWN, OK, WATCH, Limits, State, judge
from carprice.monitor.statistics import Figure

LIMITS = Limits(watch=0.1, act=0.2, setting="CARPRICE_X", expected=0.08)


@pytest.mark.parametrize(
    ("value", "low", "high", "state"),
    [
        (0.05, 0.03, 0.07, OK),
        (0.09, 0.07, 0.19, OK),
        (0.05, 0.01, 0.25, NOT_KNOWN),
        (0.12, 0.09, 0.15, WATCH),
        (0.12, 0.07, 0.15, NOT_KNOWN),
        (0.25, 0.15, 0.35, ACT),
        (0.25, 0.09, 0.35, WATCH),
        (0.25, 0.05, 0.35, NOT_KNOWN),
    ],
)
def test_the_state_follows_from_the_interval(value: float, low: float, high: float, state: State) -> None:
    assert judge(Figure(value, low, high), LIMITS) == state
