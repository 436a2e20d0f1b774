"""docs/docker.md says what docker-compose.yml does, docs/faults.md and docs/usability.md name tests that exist."""

import re
from pathlib import Path

import pytest


def test_names_every_variable_of_the_compose_file(root: Path) -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", (root / "docker-compose.yml").read_text()))
    page = (root / "docs" / "docker.md").read_text()
    assert used - set(re.findall(r"`([A-Z_]+)`", page)) == set()


def test_names_every_service(root: Path) -> None:
    text = (root / "docker-compose.yml").read_text().partition("\nservices:")[2].partition("\nnetworks:")[0]
    services = re.findall(r"^  ([a-z-]+):$", text, re.MULTILINE)
    page = (root / "docs" / "docker.md").read_text()
    assert [service for service in services if f"| `{service}` |" in page] == services


@pytest.mark.parametrize("page", ["faults.md", "usability.md"])
def test_every_promise_has_its_test(root: Path, page: str) -> None:
    rows = re.findall(r"^\| [^-].*\|$", (root / "docs" / page).read_text(), re.MULTILINE)[1:]
    tests = [re.search(r"`(tests/[\w/]+\.py)::(test_\w+)` \|$", row) for row in rows]
    assert len(tests) > 10
    for row, test in zip(rows, tests, strict=True):
        assert test, row
        assert f"\ndef {test[2]}(" in (root / test[1]).read_text(), row
