"""Lines of the prices that came back: how far the answers were off, overall and by segment."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta

from carprice.feedback.entry import Answer, Feedback
from carprice.model.age_bands import name_age
from carprice.model.price_range import COVERAGE as TARGET
from carprice.model.pricer import Pricer
from carprice.monitor.expectation import count_days, expected_error
from carprice.monitor.lines import (
    ALL,
    COVERAGE,
    MEDIAN_ERROR,
    MEDIAN_RATIO,
    NOT_KNOWN,
    OK,
    REFRESH,
    Limits,
    Line,
    judge,
)
from carprice.monitor.statistics import Figure, measure_median, measure_share
from carprice.settings import Settings

MIN_ROWS = 30
"""Prices below which nothing is said of an error, nor of a segment's."""
MAX_SEGMENTS = 10
"""Of one kind: those with most prices."""
SEGMENTS = ("make", "age", "fuel", "kind")
"""Kinds of segments. kind: sold or listed."""
COLLECT = "./carprice feedback FILE"

Answered = tuple[Feedback, Answer]


def judge_answers(entries: Iterable[Feedback], pricer: Pricer, settings: Settings, today: date) -> list[Line]:
    """The lines of the feedback of the last days, monitor_days of them.

    Answers of the served model alone where there are enough, else of the models before it too.
    """
    first = (today - timedelta(days=settings.monitor_days)).isoformat()
    found = [(entry, entry.answer) for entry in entries if entry.answer and entry.day >= first]
    own = [(entry, answer) for entry, answer in found if answer.model_version == pricer.version]
    if len(found) < MIN_ROWS:
        reason = (
            f"{len(found)} prices of the last {settings.monitor_days} days have an answer, {MIN_ROWS} are needed"
        )
        return [
            Line(measure, NOT_KNOWN, rows=len(found), reason=reason, command=COLLECT)
            for measure in (MEDIAN_ERROR, MEDIAN_RATIO, COVERAGE)
        ]
    is_own = len(own) >= MIN_ROWS
    part = _Part(own if is_own else found, pricer, settings, count_days(pricer, today))
    part.models = f"of {pricer.version}" if is_own else f"of all models, {len(own)} of {pricer.version}"
    lines = [*part.judge(ALL, ALL, part.answered)]
    for kind, segments in part.cut().items():
        for name, answered in segments.items():
            lines += part.judge(kind, name, answered)
    return lines


class _Part:
    """The answers that are judged, and what is expected of them."""

    models = ""

    def __init__(self, answered: Sequence[Answered], pricer: Pricer, settings: Settings, days: int) -> None:
        self.answered, self._pricer, self._settings, self._days = answered, pricer, settings, days

    def cut(self) -> dict[str, dict[str, list[Answered]]]:
        """By kind the segments with enough prices, the largest ones, by name."""
        cut: dict[str, dict[str, list[Answered]]] = {}
        for kind, name_of in self._namers().items():
            segments: dict[str, list[Answered]] = defaultdict(list)
            for entry, answer in self.answered:
                if name := name_of(entry):
                    segments[name].append((entry, answer))
            large = sorted(segments.items(), key=lambda item: -len(item[1]))[:MAX_SEGMENTS]
            cut[kind] = {name: rows for name, rows in sorted(large) if len(rows) >= MIN_ROWS}
        return cut

    def judge(self, kind: str, name: str, answered: Sequence[Answered]) -> Iterator[Line]:
        """The lines of one part."""
        ratios = [answer.price / entry.price for entry, answer in answered]
        held = sum(answer.low <= entry.price <= answer.high for entry, answer in answered)
        error = measure_median([abs(ratio - 1) for ratio in ratios])
        segment = "" if kind in (ALL, "kind") else kind
        expected = expected_error(self._pricer.manifest, self._days, segment, name)
        yield self._judge_error(kind, name, error, expected, len(answered))
        ratio, share = measure_median(ratios), measure_share(held, len(answered))
        shift = self._settings.monitor_ratio_shift
        limits = Limits(shift, 2 * shift, "CARPRICE_MONITOR_RATIO_SHIFT")
        yield self._line(MEDIAN_RATIO, kind, name, ratio, _distance(ratio), limits, len(answered))
        drop = self._settings.monitor_coverage_drop
        limits = Limits(drop, 2 * drop, "CARPRICE_MONITOR_COVERAGE_DROP")
        lack = Figure(TARGET - share.value, TARGET - share.high, TARGET - share.low)
        yield self._line(COVERAGE, kind, name, share, lack, limits, len(answered))

    def _judge_error(self, kind: str, name: str, error: Figure, expected: float | None, rows: int) -> Line:
        setting, rise = "CARPRICE_MONITOR_ERROR_RISE", self._settings.monitor_error_rise
        if expected is None:
            reason = "its manifest does not say what error to expect of them"
            return Line(MEDIAN_ERROR, NOT_KNOWN, kind, name, *error, rows, reason=reason, setting=setting)
        limits = Limits(expected * (1 + rise), expected * (1 + 2 * rise), setting, expected)
        return self._line(MEDIAN_ERROR, kind, name, error, error, limits, rows, f", {expected:.1%} expected")

    def _line(
        self, measure: str, kind: str, name: str, figure: Figure, badness: Figure, limits: Limits, rows: int,
        more: str = "",
    ) -> Line:  # fmt: skip
        state = judge(badness, limits)
        reason = "so few prices do not tell on which side of its limit it is" if state == NOT_KNOWN else ""
        command = "" if state == OK else COLLECT if reason else REFRESH.format(market=self._pricer.market.name)
        return Line(
            measure,
            state,
            kind,
            name,
            *figure,
            rows,
            limits.watch,
            limits.act,
            limits.setting,
            f"{rows:,} prices {self.models}{more}",
            reason,
            command,
        )

    def _namers(self) -> dict[str, Callable[[Feedback], str | None]]:
        """By kind what names the segment of feedback; kinds that the market does not have are left out."""
        namers: dict[str, Callable[[Feedback], str | None]] = {}
        pricer, market = self._pricer, self._pricer.market
        for kind in ("make", "fuel"):
            feature = market.feature(kind)
            if feature and feature.is_category:
                namers[kind] = _name_text(pricer, kind)
        if market.year is not None:
            namers["age"] = _name_age(market.year.name, pricer.scaler[market.year.name]["max"])
        return {**namers, "kind": lambda entry: entry.kind}


def _name_text(pricer: Pricer, field: str) -> Callable[[Feedback], str | None]:
    index = [feature.name for feature in pricer.market.features].index(field)

    def name(entry: Feedback) -> str | None:
        text = (entry.listing or {}).get(field)
        return pricer.encoder.spell(index, text) if isinstance(text, str) else None

    return name


def _name_age(field: str, newest: float) -> Callable[[Feedback], str | None]:
    def name(entry: Feedback) -> str | None:
        year = (entry.listing or {}).get(field)
        return name_age(newest - year) if isinstance(year, int | float) else None

    return name


def _distance(ratio: Figure) -> Figure:
    """How far a ratio is from 1, up or down."""
    ends = [abs(ratio.low - 1), abs(ratio.high - 1)]
    return Figure(abs(ratio.value - 1), 0.0 if ratio.low <= 1 <= ratio.high else min(ends), max(ends))
