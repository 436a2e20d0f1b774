"""LightGBM's library: missing, damaged, or without the OpenMP runtime that it needs.

Each test starts Python without its site-packages, so that the package it finds is the one the test made.
"""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

AGAIN = "Install it again: rm -r .venv; ./carprice up"
LOAD = (
    "import sys; from pathlib import Path; from carprice.errors import BundleError\n"
    "from carprice.model.bundle.manifest import find_bundle; from carprice.model.pricer import load_pricer\n"
    "try: print(load_pricer(find_bundle(Path(sys.argv[1]))).version)\n"
    "except BundleError as error: print(error)"
)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Where the shared library of the test's own lightgbm package belongs; the package's code must not run."""
    package = tmp_path / "lightgbm"
    (package / "lib").mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('the lightgbm package was imported')")
    return package / "lib" / "lib_lightgbm.so"


def real_library() -> bytes:
    spec = importlib.util.find_spec("lightgbm")
    assert spec is not None
    assert spec.submodule_search_locations
    return (Path(spec.submodule_search_locations[0]) / "lib" / "lib_lightgbm.so").read_bytes()


@pytest.fixture
def msgspec_alone(tmp_path: Path) -> Path:
    """A folder with the one other package that is needed."""
    spec = importlib.util.find_spec("msgspec")
    assert spec is not None
    assert spec.submodule_search_locations
    folder = tmp_path / "packages"
    folder.mkdir()
    (folder / "msgspec").symlink_to(spec.submodule_search_locations[0])
    return folder


def load(root: Path, small_bundle: Path, *folders: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-S", "-c", LOAD, str(small_bundle)],
        env={"PYTHONPATH": ":".join(map(str, (root / "src", *folders)))},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_copy_is_all_it_needs(
    root: Path, small_bundle: Path, tmp_path: Path, library: Path, msgspec_alone: Path
) -> None:
    library.write_bytes(real_library())
    assert load(root, small_bundle, msgspec_alone, tmp_path) == (small_bundle / "champion").read_text().strip()


def test_lightgbm_is_not_installed(root: Path, small_bundle: Path, msgspec_alone: Path) -> None:
    assert (
        load(root, small_bundle, msgspec_alone)
        == "The lightgbm library is not installed\nInstall it: ./carprice up"
    )


def test_libgomp_is_missing(
    root: Path, small_bundle: Path, tmp_path: Path, library: Path, msgspec_alone: Path
) -> None:
    """The copy needs a libgomp of another number, which no machine has: the loader fails as without libgomp1."""
    data = real_library()
    assert data.count(b"\0libgomp.so.1\0") == 1
    library.write_bytes(data.replace(b"\0libgomp.so.1\0", b"\0libgomp.so.0\0"))
    assert load(root, small_bundle, msgspec_alone, tmp_path) == (
        "LightGBM needs libgomp, which this machine does not have (libgomp.so.0: cannot open shared object file: "
        "No such file or directory)\nInstall it: apt-get install libgomp1"
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "file too short"),
        (b"garbage" * 1000, "invalid ELF header"),
        (None, "cannot open shared object file: No such file or directory"),
    ],
)
def test_the_library_is_damaged(
    root: Path,
    small_bundle: Path,
    tmp_path: Path,
    library: Path,
    msgspec_alone: Path,
    data: bytes | None,
    reason: str,
) -> None:
    if data is not None:
        library.write_bytes(data)
    found = load(root, small_bundle, msgspec_alone, tmp_path)
    assert found == f"{library}: cannot be loaded ({library}: {reason})\n{AGAIN}"
