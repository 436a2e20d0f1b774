"""Why a price is what it is: from the average car, or from the usual one of its make and model, to this car."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from carprice.market.kinds import Value
from carprice.model.evidence.breakdown import break_down, group_parts, label_parts
from carprice.model.evidence.usual_car import share_difference
from carprice.model.listing import write_fields
from carprice.model.valuation import Breakdown

if TYPE_CHECKING:
    from carprice.model.pricer import Pricer


def explain_price(pricer: "Pricer", values: Sequence[Value], against_usual: bool, grouped: bool) -> Breakdown:
    """As Pricer.explain_values has it."""
    values = _spell_as_learnt(pricer, values)
    usual = pricer.usual.find(values) if against_usual else None
    if usual is None:
        parts, base = _explain_from_average(pricer, values)
    else:
        parts, [base] = share_difference(pricer.log_prices, usual, values), pricer.log_prices([usual])
    names = [feature.name for feature in pricer.market.features]
    labels = label_parts(pricer.market, values)
    if grouped:
        names, parts, labels = group_parts(pricer.market, parts, labels)
    price, words = pricer.price_values(values).price, pricer.encoder.list_words(values)
    if usual is None:
        return break_down(names, parts, base, price, labels, words=words)
    keys = " ".join(str(usual[index]) for index in pricer.forest.depreciation.keys)
    found = break_down(names, parts, base, price, labels, f"the usual {keys}", words)
    return replace(found, usual=write_fields(pricer.market, usual))


def _explain_from_average(pricer: "Pricer", values: Sequence[Value]) -> tuple[list[float], float]:
    row, _ = pricer.encoder.encode(values)
    line, _ = pricer.forest.depreciation.find(row)
    parts, base = pricer.forest.contributions(row, line)
    return parts, base + pricer.level


def _spell_as_learnt(pricer: "Pricer", values: Sequence[Value]) -> list[Value]:
    """The values with known categories spelled as in training."""
    return [
        pricer.encoder.spell(index, value) if isinstance(value, str) else value
        for index, value in enumerate(values)
    ]
