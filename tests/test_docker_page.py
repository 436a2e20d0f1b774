"""docs/docker.md says what docker-compose.yml does."""

import re
from pathlib import Path


def test_names_every_variable_of_the_compose_file(root: Path) -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", (root / "docker-compose.yml").read_text()))
    page = (root / "docs" / "docker.md").read_text()
    assert used - set(re.findall(r"`([A-Z_]+)`", page)) == set()


def test_names_every_service(root: Path) -> None:
    text = (root / "docker-compose.yml").read_text().partition("\nservices:")[2].partition("\nnetworks:")[0]
    services = re.findall(r"^  ([a-z-]+):$", text, re.MULTILINE)
    page = (root / "docs" / "docker.md").read_text()
    assert [service for service in services if f"| `{service}` |" in page] == services
