"""What to do with listings that are no usual cars on offer: the table [hygiene] of a market file."""

from typing import Literal

import msgspec

Act = Literal["drop", "mark", "keep"]
"""drop: the listing is left out, and counted. mark: it is kept, and counted. keep: it is not looked for."""


class Hygiene(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One key per check. docs/markets.md says what each finds.

    What is no price of a whole car is dropped; what is one of another condition is marked: the column that says so
    may be a feature. A price that is on request is none, so it cannot be kept: "keep" counts it as unreadable.
    """

    price_on_request: Literal["drop", "keep"] = "drop"
    monthly_rate: Act = "drop"
    deposit: Act = "drop"
    without_vat: Act = "mark"
    parts: Act = "drop"
    wanted: Act = "drop"
    new: Act = "mark"
    demonstrator: Act = "mark"
    salvage: Act = "mark"
    other_vehicle: Act = "mark"
    price_placeholder: Act = "drop"
    price_scale: Act = "drop"
    price_far_off: Act = "mark"
    mileage_placeholder: Act = "drop"
    mileage_near_zero: Act = "mark"
    mileage_scale: Act = "drop"
    shifted: Act = "drop"
    listed_again: Act = "drop"


CHECKS = tuple(Hygiene.__struct_fields__)


def say_otherwise(check: str, act: str) -> str:
    """The line of the market file that has it the other way than the act says."""
    return f'[hygiene] {check} = "{"drop" if act == "mark" else "keep"}"'
