"""What the launcher says when something it needs is not there: one sentence and the command that fixes it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
from tests.launcher.conftest import PYTHON, Checkout

NAMES = [PYTHON, *(f"python3.{minor}" for minor in range(11, 15)), "python3"]
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def without_python(checkout: Checkout) -> Checkout:
    (checkout.bin / PYTHON).unlink()
    return checkout


def fail(checkout: Checkout, **more: str) -> str:
    found = checkout.run("status", **more)
    assert (found.returncode, found.stdout) == (1, "")
    assert not (checkout.venv / "stamp").exists()
    return found.stderr


def test_no_python(without_python: Checkout) -> None:
    assert fail(without_python) == (
        "Error: No Python from 3.11 to 3.14 found (none on the PATH).\n"
        "On Debian: sudo apt-get install -y python3 python3-venv\n"
    )


def test_an_old_python(without_python: Checkout) -> None:
    without_python.add_program("python3", "echo 3.9")
    assert fail(without_python) == (
        f"Error: No Python from 3.11 to 3.14 found ({without_python.bin}/python3 is 3.9).\n"
        "On Debian: sudo apt-get install -y python3 python3-venv\n"
    )


@pytest.mark.slow
def test_a_python_that_does_not_run_is_passed_over(checkout: Checkout) -> None:
    for name in NAMES:
        if name != PYTHON:
            checkout.add_program(name, "exit 127")
    assert checkout.run().stdout.endswith("tiny 1.0\n")


def test_no_venv_module(checkout: Checkout) -> None:
    real = (checkout.bin / PYTHON).readlink()
    checkout.add_program(PYTHON, f'case $2 in *ensurepip*) exit 1 ;; esac; exec {real} "$@"')
    assert fail(checkout) == (
        f"Error: Python {VERSION} is here without its venv module.\n"
        f"On Debian: sudo apt-get install -y python{VERSION}-venv\n"
    )


@pytest.mark.parametrize("has_folder", [True, False], ids=["var", "none"])
def test_a_checkout_that_cannot_be_written(checkout: Checkout, has_folder: bool) -> None:
    if has_folder:
        (checkout.root / "var").mkdir()
    script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$0/carprice" status'
    argv = ["unshare", "--mount", "sh", "-c", script, str(checkout.root)]
    done = subprocess.run(argv, capture_output=True, text=True)
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip("only root may mount")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"Error: Cannot write to {checkout.root}.\nUse a checkout of your own: git clone {checkout.root}\n"
    )


@pytest.mark.slow
def test_no_network(checkout: Checkout) -> None:
    lock = checkout.root / "requirements" / "full.txt"
    lock.write_text(lock.read_text().replace("--no-index", "--index-url http://127.0.0.1:9/simple"))
    lock.write_text("\n".join(line for line in lock.read_text().splitlines() if "find-links" not in line))
    assert fail(checkout, PIP_RETRIES="1").splitlines()[-2:] == [
        "Error: The package index cannot be reached; the first start needs the network.",
        f"Connect (behind a proxy: export HTTPS_PROXY=http://HOST:PORT), then: {checkout.root}/carprice",
    ]


@pytest.fixture
def small_disk(checkout: Checkout) -> Iterator[Checkout]:
    """The checkout on a disk of its own with room for no venv."""
    aside = checkout.root.rename(checkout.root.with_name("aside"))
    checkout.root.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(checkout.root)]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small disk")
    shutil.copytree(aside, checkout.root, dirs_exist_ok=True)
    yield checkout
    subprocess.run(["umount", str(checkout.root)], check=True)


@pytest.mark.slow
def test_a_full_disk(small_disk: Checkout) -> None:
    assert fail(small_disk).splitlines()[-2:] == [
        f"Error: The disk of {small_disk.root} is full.",
        f"Make 2 GB of room, then: {small_disk.root}/carprice",
    ]


def test_a_folder_that_may_not_be_written(checkout: Checkout) -> None:
    (checkout.root / "var").write_text("a file where a folder should be")
    assert fail(checkout) == (
        f"Error: Cannot write to {checkout.root}.\nUse a checkout of your own: git clone {checkout.root}\n"
    )
