"""One line of the monitor: a figure against its limits, and what to do about it."""

from typing import Literal, NamedTuple

import msgspec

from carprice.monitor.statistics import Figure

State = Literal["ok", "watch", "act", "not known"]
OK: State = "ok"
WATCH: State = "watch"
ACT: State = "act"
NOT_KNOWN: State = "not known"
STATES: tuple[State, ...] = (OK, NOT_KNOWN, WATCH, ACT)
"""From the best to the worst."""

MEDIAN_ERROR, MEDIAN_RATIO, COVERAGE = "median_error", "median_ratio", "coverage"
DRIFT, UNKNOWN, OUTSIDE, LOW, REFUSED = "drift", "unknown", "outside", "low_confidence", "refused"
AGE, FORECAST = "model_days", "forecast_error"
MEASURES = (MEDIAN_ERROR, MEDIAN_RATIO, COVERAGE, DRIFT, UNKNOWN, OUTSIDE, LOW, REFUSED, AGE, FORECAST)
ALL = "all"
"""The kind, and the name, of what is not a part."""

REFRESH = "./carprice refresh LISTINGS --market {market}"


class Limits(NamedTuple):
    """From which value on to watch, from which on to act, and from where on it is worse than expected at all.

    setting: the name of the variable that sets them.
    """

    watch: float
    act: float
    setting: str
    expected: float = 0.0


class Line(msgspec.Struct, frozen=True):
    """One figure. kind and name: the part it is of, such as make and Ford; both are `all` for no part.

    value: as people know it (a ratio, a share), low and high its 95 % interval; None where it is not known. rows:
    how many it is of. evidence: what was seen, reason: why the state is not known. command: the next step, empty
    where nothing is to be done.
    """

    measure: str
    state: State
    kind: str = ALL
    name: str = ALL
    value: float | None = None
    low: float | None = None
    high: float | None = None
    rows: int = 0
    watch: float | None = None
    act: float | None = None
    setting: str = ""
    evidence: str = ""
    reason: str = ""
    command: str = ""


def judge(badness: Figure, limits: Limits) -> State:
    """The state of a figure that is the worse the larger it is.

    Act: it is beyond that limit, and all of its interval beyond the one to watch. Watch: it is beyond that one,
    and all of its interval worse than expected. Not known: the figure is beyond a limit, its interval is not, or
    the interval reaches beyond the one to act.
    """
    if badness.value >= limits.act and badness.low >= limits.watch:
        return ACT
    if badness.value >= limits.watch and badness.low > limits.expected:
        return WATCH
    return NOT_KNOWN if badness.value >= limits.watch or badness.high >= limits.act else OK
