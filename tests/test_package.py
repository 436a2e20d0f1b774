"""The package as pip installs it: from a wheel, in an environment and a folder without a checkout."""

import os
import re
import site
import subprocess
import sys
import tomllib
import venv
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from carprice import __version__


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    argv = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([*argv, "."], cwd=root, check=True)
    [path] = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment that has the wheel, and the libraries of this one, but no checkout."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    [packages] = folder.glob("lib/python*/site-packages")
    (packages / "libraries.pth").write_text("\n".join(site.getsitepackages()))
    argv = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "-q", "--no-deps"]
    subprocess.run([*argv, "--no-index", str(wheel)], check=True)
    return folder


def run_installed(environment: Path, cwd: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CARPRICE_", "PYTHONPATH"))}
    program = [str(environment / "bin" / "carprice"), *argv]
    return subprocess.run(program, cwd=cwd, env=clean, capture_output=True, text=True)


def test_its_script_says_its_version(environment: Path, tmp_path: Path) -> None:
    done = run_installed(environment, tmp_path, "--version")
    assert done.stdout == f"carprice, version {__version__}\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_it_trains_and_prices_in_any_folder(environment: Path, tmp_path: Path) -> None:
    drawn = run_installed(environment, tmp_path, "demo", "--rows", "3000", "--output", "demo.csv")
    assert drawn.returncode == 0, drawn.stderr
    trained = run_installed(environment, tmp_path, "train", "--market", "demo", "--data", "demo.csv")
    assert trained.returncode == 0, trained.stderr
    assert (tmp_path / "artifacts" / trained.stdout.strip() / "model.pkl").is_file()
    car = ["make=Ford", "model=Fiesta", "year=2017", "mileage=15944", "fuel=Petrol", "transmission=Manual"]
    priced = run_installed(environment, tmp_path, "price", *car)
    assert priced.returncode == 0, priced.stderr
    assert re.search(r"\d,\d{3} GBP", priced.stdout)


def test_what_it_tells_to_type_is_its_own_command(environment: Path, tmp_path: Path) -> None:
    done = run_installed(environment, tmp_path, "price", "make=Ford")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].strip() == "Train one: carprice train"


def test_what_it_tells_to_type_on_stdout_is_its_own_command_too(environment: Path, tmp_path: Path) -> None:
    done = run_installed(environment, tmp_path, "models")
    assert (done.returncode, done.stdout) == (0, "No models yet. Train one: carprice train\n")


def test_without_the_libraries_of_training_it_says_what_to_install(environment: Path, tmp_path: Path) -> None:
    start = "from carprice.__main__ import run; run()"
    code = f"import sys; sys.modules['polars'] = None; sys.argv[1:] = ['train']; {start}"
    python = environment / "bin" / "python"
    done = subprocess.run([python, "-P", "-c", code], cwd=tmp_path, env={}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        1,
        "Error: polars is not installed\nInstall it: pip install 'carprice[train]'\n",
    )


def test_what_it_needs_is_what_the_locks_have(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    needed = [Requirement(text) for group in groups for text in group]
    named = {
        Requirement(line).name
        for name in ("serve", "postgres", "dask", "full")
        for line in (root / "requirements" / f"{name}.in").read_text().splitlines()
        if not line.startswith("-r")
    }
    assert {requirement.name for requirement in needed} == named | {"click"}
    for requirement in needed:
        version = distribution(requirement.name).version
        assert requirement.specifier.contains(version), f"{requirement}: {version} is locked"
