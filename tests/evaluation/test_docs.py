"""docs/report.md names every key of a report."""

import re
from pathlib import Path

from carprice.evaluation.report import Report


def test_every_key_is_described(root: Path, uk_report: Report) -> None:
    page = (root / "docs" / "report.md").read_text()
    described = set(re.findall(r"`(\w+)`", page))
    parts = [uk_report, uk_report["overall"], uk_report["left_out"][0], uk_report["sense"]["year"]]
    parts += [uk_report["segments"]["confidence"][0], uk_report["worst"][0], uk_report["segments"]]
    parts += [uk_report["unvalued"], uk_report["charts"]]
    assert {key for part in parts for key in part} - described == set()
    for name in ("first", "last", "from_days", "to_days", "left_aside", "source", "month", "days"):
        assert name in described
