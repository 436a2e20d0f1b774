"""Every `./carprice` line of a page, a hint or a comment is one that the real command line takes."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.command_lines import (
    CommandLine,
    find_problem,
    list_of_page,
    list_of_source,
    list_of_text,
    parse_command,
)

WRITTEN = "cli.md"
"""From the commands' own help, whose texts are read in the source."""
TEXTS = (
    "carprice",
    "Dockerfile",
    "docker-compose.yml",
    "rollout.toml",
    "kubernetes",
    "monitoring",
    "markets",
    "src/carprice/api/templates",
)
SUFFIXES = {"", ".yaml", ".yml", ".toml", ".html"}


def list_problems(lines: Iterable[CommandLine]) -> list[str]:
    return [f"{line}\n  {problem}" for line in lines if (problem := find_problem(line))]


def test_every_line_of_a_page(root: Path) -> None:
    pages = [*root.glob("*.md"), *(page for page in (root / "docs").glob("*.md") if page.name != WRITTEN)]
    lines = [line for page in pages for line in list_of_page(page)]
    assert len(lines) > 100
    assert list_problems(lines) == []


def test_every_line_of_a_hint(root: Path) -> None:
    lines = [line for path in (root / "src").rglob("*.py") for line in list_of_source(path)]
    assert len(lines) > 100
    assert list_problems(lines) == []


def test_every_line_of_a_comment_or_template(root: Path) -> None:
    places = [root / name for name in TEXTS]
    files = [file for place in places for file in (place.rglob("*") if place.is_dir() else [place])]
    files = [file for file in files if file.is_file() and file.suffix in SUFFIXES]
    lines = [line for file in files for line in list_of_text(file)]
    assert len(lines) > 10
    assert list_problems(lines) == []


def check_page(path: Path, text: str, problem: str) -> None:
    """A page of this text has one command line, with a problem that starts so, or none where that is empty."""
    path.write_text(text)
    (line,) = list_of_page(path)
    found = find_problem(line)
    assert found.startswith(problem), found
    assert bool(found) == bool(problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("./carprice up # starts", ""),
        ("cd /opt && ./carprice refresh a.csv --market uk --json > b.json", ""),
        ("sh -c './carprice refresh a*.csv --market uk'", ""),
        ("python -m carprice gates --candidate URL", ""),
        ("./carprice train ... --cap N", ""),
        ("./carprice promote OLDER --force --why ...", ""),
        ("./carprice score cars.csv", ""),
        ("./carprice fly", "No such command 'fly'."),
        ("./carprice keys ad NAME", "No such command 'ad'"),
        ("./carprice up --fast", "No such option '--fast'"),
        ("./carprice train --market uk --cap none", "Invalid value for '--cap'"),
        ("./carprice train --data cars.csv", "Missing option '--market'"),
        ("./carprice promote A B", "Got unexpected extra argument (B)"),
    ],
)
def test_a_line_of_a_block(tmp_path: Path, text: str, problem: str) -> None:
    check_page(tmp_path / "page.md", f"# Page\n\n    {text}\n", problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Give it `./carprice train --cap N`, say", ""),
        ("a span `./carprice keys\nrevoke` over two lines", ""),
        ("Give it `./carprice train --cup N`", "No such option '--cup'"),
        ("or `./carprice keys\nrevke NAME`", "No such command 'revke'"),
    ],
)
def test_a_line_between_backticks(tmp_path: Path, text: str, problem: str) -> None:
    check_page(tmp_path / "page.md", f"# Page\n\n{text}\n", problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('"Start it: ./carprice up, then look"', ""),
        ('"so the next ./carprice up serves it"', ""),
        ('f"Type {COMMAND} promote {version}, or {COMMAND} rollout"', ""),
        ('f"Raise it: ./carprice train ... --cap {cap:,}"', ""),
        ('"Start it: ./carprice start"', "No such command 'start'"),
        ('f"{COMMAND} rollout --model {version} --now please"', "No such option '--now'"),
    ],
)
def test_a_line_of_a_text_in_code(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "code.py").write_text(f"hint = {text}\n")
    found = list_problems(list_of_source(tmp_path / "code.py"))
    assert len(found) == bool(problem)
    assert all(problem in item for item in found)


def test_the_name_of_what_is_parsed() -> None:
    assert parse_command(["keys", "add", "dealer", "--rate", "50/s,10000/day"]) == "carprice keys add"
