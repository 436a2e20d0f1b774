"""The bands of a car's age that errors are shown by."""

AGE_BANDS = {"0-1": 1, "2-3": 3, "4-6": 6, "7-10": 10, "11-15": 15, "16+": None}
"""Years before the newest car, up to and with."""


def name_age(age: float) -> str:
    """The band of an age in years."""
    return next(name for name, limit in AGE_BANDS.items() if limit is None or age <= limit)
