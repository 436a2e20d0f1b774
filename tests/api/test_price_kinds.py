"""POST /predict/price with dates, flags and optional fields, through both ways."""

from pathlib import Path

import pytest
from tests.api.calls import WAYS, as_json
from tests.api.conftest import MakeApp
from tests.api.test_price import OUTSIDE, Case, good, send
from tests.model.cars import DATED_CAR, change

DATED_CASES = [
    good("every kind", DATED_CAR),
    good("optional left out", change(DATED_CAR, colour=..., inspected=..., towbar=..., seats=...)),
    good("optional null", change(DATED_CAR, colour=None, inspected=None, towbar=None, seats=None)),
    good("before the training range", change(DATED_CAR, registered="1950-01-31"), codes={"#/registered": OUTSIDE}),
    *[
        Case(
            f"date {text!r}",
            as_json(change(DATED_CAR, registered=text)),
            422,
            "1 field is wrong",
            {"#/registered": "should be a date such as 2020-05-31"},
        )
        for text in (
            "20150301",
            "2015-W09-7",
            "2015-02-30",
            "2015-3-1",
            "01/03/2015",
            "2015-03-01T00:00:00",
            "",
            16495,
        )
    ],
    *[
        Case(
            f"flag {value!r}",
            as_json(change(DATED_CAR, leather=value)),
            422,
            "1 field is wrong",
            {"#/leather": "should be true or false"},
        )
        for value in (1, 0, "true", "yes", [])
    ],
    Case(
        "long make",
        as_json(change(DATED_CAR, make="x" * 31)),
        422,
        "1 field is wrong",
        {"#/make": "should have at most 30 characters"},
    ),
    Case(
        "no lower limit",
        as_json(change(DATED_CAR, seats=0)),
        422,
        "1 field is wrong",
        {"#/seats": "should be at least 1"},
    ),
]


@pytest.mark.parametrize("case", DATED_CASES, ids=[case.name for case in DATED_CASES])
def test_dates_and_flags(make_app: MakeApp, dated_bundle: Path, case: Case) -> None:
    app = make_app(artifacts_dir=dated_bundle)
    results = [send(make(app), case) for make in WAYS.values()]
    assert results[0].without_changes() == results[1].without_changes()
    assert results[0].status == case.status, results[0].body
    if case.status == 200:
        assert {warned["pointer"]: warned["code"] for warned in results[0].json["warnings"]} == case.codes
    else:
        assert results[0].pointers == case.errors
