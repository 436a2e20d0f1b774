"""The report as people read it in a terminal."""

import re

import numpy as np

from carprice.evaluation.ratio_study import measure_prices
from carprice.evaluation.report import Report
from carprice.evaluation.sections import OVERALL
from carprice.evaluation.text import MAX_HEAD_NOTES, format_head, format_report

WIDEST = 150


def test_the_head_says_how_good_and_how_sure(uk_report: Report) -> None:
    lines = format_head(uk_report).splitlines()
    assert lines[0] == "Used cars in the United Kingdom: judged by 2,000 listings that it has not learnt from"
    assert re.sub(" +", " ", lines[1]).strip() == (
        "LISTINGS MEDIAN ERROR WITHIN 10% OVER 20% MAE MEDIAN RATIO COD PRD PRB COVERAGE WIDTH"
    )
    overall = uk_report["overall"]
    assert lines[2].split()[:3] == ["all", "2,000", f"{overall['median_ape']:.1%}"]
    assert [line.split()[0] for line in lines[3:6]] == ["high", "medium", "low"]


def test_the_head_has_the_ageing_and_the_first_notes(uk_report: Report) -> None:
    ageing = [{"days": "0-7", "median_ape": 0.05, "low_ratio": 0.993, "high_ratio": 1.007, "seen": True}]
    notes = [f"Note {number}." for number in range(MAX_HEAD_NOTES + 2)]
    ageing.append({**ageing[0], "days": "8-30", "seen": False})
    week = {**uk_report["overall"], "name": "0-7", "median_ape": 0.06}
    segments = {**uk_report["segments"], "days": [week]}
    later = {**uk_report, "segments": segments, "ageing": ageing, "notes": notes, "as_of": "2020-05-31"}
    text = format_head(later)
    assert "; the model learnt up to 2020-05-31\n" in text
    assert re.search(r"0-7 +5.0% +0.993-1.007 +seen +6.0% +\d", text)
    assert re.search(r"8-30 +5.0% +0.993-1.007 +expected +- +-\n", text)
    assert text.endswith("Note: Note 4.\nand 2 more notes in the report")


def test_the_whole_text_has_every_statistic_and_every_table(uk_report: Report) -> None:
    text = format_report(uk_report)
    titles = ["Overall", "By make", "By age", "By price", "By fuel", "By confidence", "Left out", "Sense"]
    for title in [*titles, "Worst misses"]:
        assert re.search(rf"(?m)^{title}\b", text), title
    figures = measure_prices(*(np.array([1000.0, 2000.0]) for _ in range(4)))
    assert set(OVERALL) == set(figures) - {"low_ratio", "high_ratio"}
    assert max(map(len, text.splitlines())) <= WIDEST


def test_where_no_listing_has_a_price(uk_report: Report) -> None:
    none = {
        **uk_report,
        "overall": None,
        "segments": {},
        "worst": [],
        "unvalued": {"rows": 2000, "reasons": {"too few like it": 2000}},
    }
    assert format_head(none).splitlines()[1] == "No listing has a price."
    assert "Not valued. 2,000 of 2,000 listings have no price.\nREASON           LISTINGS" in format_report(none)


def test_on_a_terminal_every_table_fits(uk_report: Report) -> None:
    for text in (format_head(uk_report, 80), format_report(uk_report, 80)):
        tables = [line for line in text.splitlines() if "  " in line]
        assert tables
        assert [line for line in tables if len(line) > 80] == []
    assert "MEDIAN ERROR" in format_head(uk_report, 80)
    assert "PRB" not in format_head(uk_report, 80)
