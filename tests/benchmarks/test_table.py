"""The tables of the benchmarks, and the page that keeps them."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def table(root: Path) -> ModuleType:
    """benchmarks/table.py: a script's neighbour, in no package."""
    spec = importlib.util.spec_from_file_location("benchmark_table", root / "benchmarks" / "table.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_table_aligns_its_figures(table: ModuleType) -> None:
    assert table.format_table(["", "requests/s"], [["ours", "27,000"], ["echo", "9"]]) == (
        "|      | requests/s |\n| ---- | ---------: |\n| ours |     27,000 |\n| echo |          9 |"
    )


def test_a_section_takes_the_place_of_its_older_self(table: ModuleType) -> None:
    page = "# Benchmarks\n\n## One\n\nold 1\n\n## Two\n\nold 2\n"
    page = table.replace_section(page, "One", "new 1 \\g<0>")
    page = table.replace_section(page, "Two", "new 2")
    page = table.replace_section(page, "Three", "new 3")
    assert page == "# Benchmarks\n\n## One\n\nnew 1 \\g<0>\n\n## Two\n\nnew 2\n\n## Three\n\nnew 3\n"
    assert table.replace_section(page, "One", "new 1 \\g<0>") == page


def test_sections_are_written_only_when_asked(
    table: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(table, "PAGE", tmp_path / "docs" / "benchmarks.md")
    table.print_section("One", "command --write", ["| a |"], write=False)
    assert not table.PAGE.exists()
    table.print_section("One", "command --write", ["| a |"], write=True)
    assert capsys.readouterr().out == "| a |\n| a |\n"
    page = table.PAGE.read_text()
    assert page.startswith(table.HEAD)
    assert "\n## One\n\n`command --write`, 20" in page
    assert page.endswith("\n\n| a |\n")
