"""Lines of what cars came: how they differ from those of the training, what of them was never seen."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from carprice.errors import BundleError
from carprice.market.kinds import Value
from carprice.model.bundle.inputs import Bins, Inputs, read_inputs
from carprice.model.input_warnings import OUTSIDE_TRAINING, UNKNOWN_CATEGORY, UNKNOWN_COMBINATION
from carprice.model.pricer import Pricer
from carprice.monitor.expectation import low_confidence
from carprice.monitor.lines import DRIFT, LOW, NOT_KNOWN, OK, OUTSIDE, REFRESH, UNKNOWN, Limits, Line, judge
from carprice.monitor.statistics import Figure, measure_drift, measure_share
from carprice.settings import Settings

MIN_ROWS = 100
"""Cars below which nothing is said of them."""
MAX_NAMED = 3
"""Fields that a line names."""
TRAIN = "./carprice train --market {market} --data LISTINGS"


class Arrived(NamedTuple):
    """Cars that came. kind: requests or listings, more: which ones. columns: by feature the values of each car.

    unknown, outside: how many have such a value, by field, and under an empty name in any. low: how many prices
    have low confidence.
    """

    kind: str
    rows: int
    columns: Mapping[str, Sequence[Value]]
    unknown: Counter[str]
    outside: Counter[str]
    low: int
    more: str = ""


def arrive(kind: str, rows: Sequence[Sequence[Value]], pricer: Pricer, more: str = "") -> Arrived:
    """Cars given as their values in feature order, as the pricer takes them."""
    spell = pricer.encoder.spell
    columns = {
        feature.name: [
            spell(index, value) if isinstance(value, str) and feature.is_category else value
            for value in (row[index] for row in rows)
        ]
        for index, feature in enumerate(pricer.market.features)
    }
    unknown: Counter[str] = Counter()
    outside: Counter[str] = Counter()
    valuations = pricer.price_rows(rows)
    for valuation in valuations:
        for counts, codes in ((unknown, (UNKNOWN_CATEGORY, UNKNOWN_COMBINATION)), (outside, (OUTSIDE_TRAINING,))):
            fields = {warning.field for warning in valuation.warnings if warning.code in codes}
            counts.update(fields | {""} if fields else ())
    low = sum(valuation.confidence == "low" for valuation in valuations)
    return Arrived(kind, len(rows), columns, unknown, outside, low, more)


def judge_inputs(arrived: Arrived, pricer: Pricer, settings: Settings) -> list[Line]:
    """The lines of what came."""
    kind, rows = arrived.kind, arrived.rows
    if rows < MIN_ROWS:
        reason = f"cars known: {rows}, needed: {MIN_ROWS}"
        return [Line(name, NOT_KNOWN, kind, rows=rows, reason=reason) for name in (DRIFT, UNKNOWN, OUTSIDE, LOW)]
    return [
        *_judge_drift(arrived, pricer, settings),
        _judge_values(
            UNKNOWN, arrived, arrived.unknown, settings.monitor_unknown, "CARPRICE_MONITOR_UNKNOWN", pricer
        ),
        _judge_values(
            OUTSIDE, arrived, arrived.outside, settings.monitor_outside, "CARPRICE_MONITOR_OUTSIDE", pricer
        ),
        _judge_confidence(arrived, pricer, settings),
    ]


def _judge_drift(arrived: Arrived, pricer: Pricer, settings: Settings) -> Iterator[Line]:
    """One line for each feature."""
    try:
        inputs, reason = read_inputs(pricer.manifest), f"{pricer.version} keeps nothing of what it learnt from"
    except BundleError as error:
        inputs, reason = None, error.what
    if inputs is None:
        command = TRAIN.format(market=pricer.market.name)
        yield Line(DRIFT, NOT_KNOWN, arrived.kind, rows=arrived.rows, reason=reason, command=command)
        return
    limits = Limits(settings.monitor_drift_watch, settings.monitor_drift_act, "CARPRICE_MONITOR_DRIFT_WATCH, _ACT")
    for name, values in arrived.columns.items():
        if name in inputs.features:
            yield _judge_feature(name, values, inputs, arrived, limits, pricer)


def _judge_feature(
    name: str, values: Sequence[Value], inputs: Inputs, arrived: Arrived, limits: Limits, pricer: Pricer
) -> Line:
    bins = inputs.features[name]
    counts = bins.count(values)
    drift = measure_drift(counts, bins.shares, inputs.rows)
    state = judge(drift, limits)
    reason = "so few cars do not tell on which side of its limit it is" if state == NOT_KNOWN else ""
    command = "" if state in (OK, NOT_KNOWN) else REFRESH.format(market=pricer.market.name)
    evidence = f"{arrived.rows:,} {arrived.kind}{arrived.more}: {_largest_change(counts, bins)}"
    return Line(
        DRIFT, state, arrived.kind, name, *drift, arrived.rows, limits.watch, limits.act, limits.setting, evidence,
        reason, command,
    )  # fmt: skip


def _largest_change(counts: Sequence[int], bins: Bins) -> str:
    """Of the bin whose share changed most, what is in it, and both shares."""
    shares = [count / sum(counts) for count in counts]
    changes = [abs(now - before) for now, before in zip(shares, bins.shares, strict=True)]
    place = changes.index(max(changes))
    return f"{_name_bin(place, bins)} {shares[place]:.0%}, in training {bins.shares[place]:.0%}"


def _name_bin(place: int, bins: Bins) -> str:
    if place == len(bins.shares) - 1:
        return "not given"
    if bins.values is not None:
        return bins.values[place] if place < len(bins.values) else "other values"
    if not bins.edges:
        return "given"
    if place == 0:
        return f"up to {bins.edges[0]:g}"
    low = f"above {bins.edges[place - 1]:g}"
    return low if place == len(bins.edges) else f"{low} up to {bins.edges[place]:g}"


def _judge_values(
    measure: str, arrived: Arrived, counts: Counter[str], limit: float, setting: str, pricer: Pricer
) -> Line:
    share = measure_share(counts[""], arrived.rows)
    limits = Limits(limit, 2 * limit, setting)
    named = [(field, count) for field, count in counts.most_common() if field][:MAX_NAMED]
    fields = ", ".join(f"{field} {count / arrived.rows:.1%}" for field, count in named)
    return _share_line(measure, arrived, share, limits, f": {fields}" if fields else "", pricer)


def _judge_confidence(arrived: Arrived, pricer: Pricer, settings: Settings) -> Line:
    share, before = measure_share(arrived.low, arrived.rows), low_confidence(pricer.manifest)
    setting, rise = "CARPRICE_MONITOR_LOW_CONFIDENCE", settings.monitor_low_confidence
    if before is None:
        reason = "its manifest does not say how many were low in its test part"
        return Line(LOW, NOT_KNOWN, arrived.kind, "all", *share, arrived.rows, setting=setting, reason=reason)
    limits = Limits(before + rise, before + 2 * rise, setting, before)
    return _share_line(LOW, arrived, share, limits, f", in its test part {before:.1%}", pricer)


def _share_line(measure: str, arrived: Arrived, share: Figure, limits: Limits, more: str, pricer: Pricer) -> Line:
    state = judge(share, limits)
    reason = "so few cars do not tell on which side of its limit it is" if state == NOT_KNOWN else ""
    return Line(
        measure,
        state,
        arrived.kind,
        "all",
        *share,
        arrived.rows,
        limits.watch,
        limits.act,
        limits.setting,
        f"{arrived.rows:,} {arrived.kind}{arrived.more}{more}",
        reason,
        "" if state in (OK, NOT_KNOWN) else REFRESH.format(market=pricer.market.name),
    )
