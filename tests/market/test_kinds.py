"""Every kind: what its values are in JSON, on the command line and for people."""

import math
from typing import Any

import pytest

from carprice.market.kinds import KINDS

# JSON value, value, typed text, as people read it.
VALUES: dict[str, list[tuple[Any, Any, str, str]]] = {
    "category": [("3 Series", "3 Series", "3 Series", "3 Series"), ("Citroën", "Citroën", "Citroën", "Citroën")],
    "text": [("430i M Sport, 1 owner", "430i M Sport, 1 owner", "430i M Sport, 1 owner", "430i M Sport, 1 owner")],
    "number": [(15944, 15944.0, "15944", "15,944"), (0.1, 0.1, "1e-1", "0.1"), (-0.5, -0.5, "-0.5", "-0.5")],
    "flag": [(True, 1.0, "yes", "yes"), (False, 0.0, "0", "no"), (True, 1.0, "TRUE", "yes")],
    "year": [(2017, 2017.0, "2017", "2017"), (1999, 1999.0, "1999.0", "1999")],
    "date": [
        ("1970-01-02", 1.0, "1970-01-02", "1970-01-02"),
        ("0001-01-01", -719162.0, "0001-01-01", "0001-01-01"),
        ("9999-12-31", 2932896.0, "9999-12-31", "9999-12-31"),
    ],
}
WRONG: dict[str, list[Any]] = {
    "category": ["", " \t", 3, True, None, ["Ford"], b"Ford", "\ud800"],
    "text": ["", " \t", 3, True, None, ["Ford"], b"Ford", "\ud800"],
    "number": ["3", True, None, math.nan, [], 1j],
    "flag": ["true", 1, 0, 1.0, None, []],
    "year": ["2017", True, None, math.nan],
    "date": ["20200531", "2020-W22-7", "2020-02-30", " 2020-05-31", "", 18413, True, None],
}
CASES = [(name, *values) for name, cases in VALUES.items() for values in cases]


def test_no_kind_is_left_out() -> None:
    assert set(KINDS) == set(VALUES) == set(WRONG)
    assert [kind.name for kind in KINDS.values()] == list(KINDS)


@pytest.mark.parametrize(("name", "in_json", "value", "typed", "shown"), CASES)
def test_values_come_in_and_go_out(name: str, in_json: Any, value: Any, typed: str, shown: str) -> None:
    kind = KINDS[name]
    assert kind.read(in_json) == value
    assert kind.write(value) == in_json
    assert type(kind.write(value)) is type(in_json)
    assert kind.read(kind.parse(typed)) == value
    assert kind.show(kind.parse(typed)) == shown
    assert isinstance(value, str if kind.max_length else float)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_another_json_value_is_refused(name: str, value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        KINDS[name].read(value)


@pytest.mark.parametrize(("name", "typed"), [("number", "ten"), ("year", "new"), ("flag", "perhaps")])
def test_a_text_that_stands_for_none_is_refused(name: str, typed: str) -> None:
    with pytest.raises(ValueError, match=typed):
        KINDS[name].parse(typed)


def test_numbers_larger_than_a_float_are_infinite() -> None:
    assert [KINDS["number"].read(sign * 10**400) for sign in (1, -1)] == [math.inf, -math.inf]


def test_a_date_beyond_the_calendar_cannot_be_written() -> None:
    with pytest.raises(OverflowError):
        KINDS["date"].write(1e12)


@pytest.mark.parametrize(
    ("number", "shown"), [(44_738.7258411, "44,739"), (1.598, "1.598"), (57.6999999999, "57.7"), (999.5, "999.5")]
)
def test_numbers_are_shown_as_people_read_them(number: float, shown: str) -> None:
    assert KINDS["number"].show(number) == shown
