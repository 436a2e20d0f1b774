"""Style and types are tests too, so that one run and one summary tell everything."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SHELL_SCRIPTS = ("carprice", ".ci/run", "requirements/lock", "edge/health", "edge/mlflow-login")


def check(root: Path, *argv: str) -> None:
    """Run a checker; what it prints is the reason of the failure."""
    found = subprocess.run(argv, cwd=root, capture_output=True, text=True)
    if found.returncode != 0:
        pytest.fail(f"{' '.join(argv)}\n{found.stdout}{found.stderr}", pytrace=False)


def test_ruff_finds_nothing(root: Path) -> None:
    check(root, sys.executable, "-m", "ruff", "check", ".")


def test_ruff_would_change_nothing(root: Path) -> None:
    check(root, sys.executable, "-m", "ruff", "format", "--check", ".")


@pytest.mark.slow
def test_types_hold(root: Path) -> None:
    check(root, sys.executable, "-m", "mypy")


def test_the_launcher_is_plain_shell(root: Path) -> None:
    check(root, "sh", "-n", "carprice")


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="no shellcheck: sudo apt-get install shellcheck")
def test_shellcheck_finds_nothing(root: Path) -> None:
    check(root, "shellcheck", *SHELL_SCRIPTS)
