"""The registered model as MLflow loads it: a frame of listings in, their prices out.

MLflow keeps this module and the ones that it imports beside the bundle, so a machine needs no checkout to price.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carprice.model.listing import check_listing
from carprice.model.pricer import Pricer, load_pricer
from carprice.model.refusal import find_refusal
from carprice.model.valuation import Valuation

if TYPE_CHECKING:
    from pandas import DataFrame  # type: ignore[import-untyped]

AMOUNTS = ("price", "low", "high")
COLUMNS = (*AMOUNTS, "confidence", "warnings", "problem")

Answer = tuple[Any, ...]


class ListingPricer:
    """Prices frames whose columns are the fields of the HTTP API."""

    def __init__(self, pricer: Pricer) -> None:
        self.pricer = pricer

    def predict(self, listings: "DataFrame", params: Mapping[str, Any] | None = None) -> "DataFrame":
        """Of each row what HTTP answers: price, low and high (whole units), confidence, warnings and problem.

        A value that is None or NaN is not given, and so is one whose column is not there. warnings are
        `code:field`, joined by "; ". A row with a problem has no price; then the amounts are of dtype object,
        else int64. params: none are known.
        """
        from pandas import DataFrame

        answers = self.price_records(listings.astype(object).where(listings.notna(), None).to_dict("records"))
        frame = DataFrame(answers, columns=list(COLUMNS), index=listings.index, dtype=object)
        is_priced = all(answer[-1] is None for answer in answers)
        return frame.astype(dict.fromkeys(AMOUNTS, "int64")) if is_priced else frame

    def price_records(self, listings: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """The cells of COLUMNS of each listing, given as the API takes it."""
        checked = [check_listing(self.pricer.market, listing) for listing in listings]
        rows = [values for values, problems in checked if not problems]
        valuations = iter(self.pricer.price_rows(rows))
        answers: list[Answer] = []
        for values, problems in checked:
            if problems:
                answers.append(
                    _refuse("; ".join(f"{problem.pointer[2:]}: {problem.detail}" for problem in problems))
                )
                continue
            valuation = next(valuations)
            reason = find_refusal(self.pricer, values, valuation)
            answers.append(_refuse(f"not valued: {reason}") if reason else _describe(valuation))
        return answers


def _refuse(problem: str) -> Answer:
    return (None,) * (len(COLUMNS) - 1) + (problem,)


def _describe(found: Valuation) -> Answer:
    warnings = "; ".join(f"{warning.code}:{warning.field}" for warning in found.warnings)
    return found.price, found.low, found.high, found.confidence, warnings or None, None


def _load_pyfunc(path: str) -> ListingPricer:
    """What MLflow calls with the folder of the bundle."""
    return ListingPricer(load_pricer(Path(path)))
