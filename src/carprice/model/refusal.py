"""Which cars are not valued where the market file has `refuse = true`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from carprice.market.kinds import Value
from carprice.model.input_warnings import FEW_LIKE, OUTSIDE_TRAINING, TAKEN_AS_MISSING, ask_instead
from carprice.model.price_range import MIN_LIKE
from carprice.model.valuation import Valuation

if TYPE_CHECKING:
    from carprice.model.pricer import Pricer

MAX_OUTSIDE = 1
"""Values outside the training listings beyond which a car is not valued."""


def find_refusal(pricer: "Pricer", values: Sequence[Value], valuation: Valuation) -> str | None:
    """Why a car is not valued; None where it is, and in a market that refuses none."""
    if not pricer.market.price.refuse:
        return None
    outside = [warning.field for warning in valuation.warnings if warning.code == OUTSIDE_TRAINING]
    if len(outside) > MAX_OUTSIDE:
        return f"{', '.join(outside)} are outside what the model has learnt from"
    for warning in valuation.warnings:
        if warning.field in pricer.keys and warning.code not in (TAKEN_AS_MISSING, FEW_LIKE):
            return f"{warning.field} {ask_instead(warning)}"
    row, _ = pricer.encoder.encode(values)
    rows = pricer.forest.depreciation.find(row)[0].rows
    return f"the model has learnt from {rows} such cars, and needs {MIN_LIKE}" if rows < MIN_LIKE else None
