"""The launcher makes .venv once, again when it must, and trusts no half of one."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from tests.launcher.conftest import PYTHON, Checkout, wait_until

WITHOUT_INSTALL = ""


def installing(checkout: Checkout) -> str:
    return f"Installing into .venv with {checkout.bin / PYTHON} (once, a minute or two) ...\nInstalled.\n"


@pytest.mark.slow
def test_the_first_run_installs_and_the_next_does_not(checkout: Checkout) -> None:
    first = checkout.run("price", "make=Ford", "two words")
    assert first.stderr == installing(checkout)
    assert first.stdout.splitlines() == [
        "args ['price', 'make=Ford', 'two words']",
        f"folder {checkout.root}",
        f"paths {checkout.root / 'src'}",
        "tiny 1.0",
    ]
    second = checkout.run("status")
    assert (second.stderr, second.returncode) == (WITHOUT_INSTALL, 0)


def test_from_another_folder_through_symbolic_links(quick: Checkout, tmp_path: Path) -> None:
    quick.run()
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    (elsewhere / "first").symlink_to("../checkout/carprice")
    (elsewhere / "second").symlink_to(elsewhere / "first")
    found = quick.run("train", "uk.csv", cwd=elsewhere, script=elsewhere / "second")
    assert f"folder {elsewhere}\npaths {quick.root / 'src'}\ntiny 1.0\n" in found.stdout


def test_in_a_folder_with_spaces(quick: Checkout, tmp_path: Path) -> None:
    moved = tmp_path / "my checkout"
    quick.root.rename(moved)
    quick.root = moved
    lock = moved / "requirements" / "full.txt"
    lock.write_text(lock.read_text().replace(str(tmp_path / "checkout" / "wheels"), "wheels"))
    assert quick.run().stdout.endswith("tiny 1.0\n")


def test_a_changed_lock_installs_anew(quick: Checkout) -> None:
    quick.run()
    (quick.venv / "left").touch()
    quick.write_lock("full", [quick.make_wheel("tiny", "2.0")])
    again = quick.run()
    assert again.stderr == installing(quick)
    assert again.stdout.endswith("tiny 2.0\n")
    assert not (quick.venv / "left").exists()


def test_a_python_that_went_away_installs_anew(quick: Checkout) -> None:
    quick.run()
    (quick.venv / "bin" / "python").unlink()
    (quick.venv / "bin" / "python").symlink_to("/no/python")
    assert quick.run().stderr == installing(quick)


def test_a_copied_checkout_does_not_run_the_original(quick: Checkout, tmp_path: Path) -> None:
    quick.run()
    copy = Checkout(tmp_path / "copy", quick.environment)
    shutil.copytree(quick.root, copy.root, symlinks=True)
    assert copy.run().stderr == installing(quick)


def test_a_venv_without_a_stamp_is_not_trusted(quick: Checkout) -> None:
    (quick.venv / "bin").mkdir(parents=True)
    (quick.venv / "bin" / "python").symlink_to("/bin/true")
    assert quick.run().stdout.endswith("tiny 1.0\n")


@pytest.mark.slow
def test_a_kill_in_the_middle_leaves_nothing_that_is_trusted(checkout: Checkout) -> None:
    checkout.write_lock("full", [checkout.make_wheel("tiny", "1.0"), checkout.make_slow_source()])
    killed = checkout.start()
    wait_until((checkout.root / "begun").exists)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert (checkout.venv / "bin" / "python").exists()
    (checkout.root / "go").touch()
    again = checkout.run()
    assert again.stderr == installing(checkout)
    assert again.stdout.endswith("tiny 1.0\n")


@pytest.mark.slow
def test_an_installer_that_outlives_its_launcher_is_waited_for(checkout: Checkout) -> None:
    checkout.write_lock("full", [checkout.make_wheel("tiny", "1.0"), checkout.make_slow_source()])
    killed = checkout.start()
    wait_until((checkout.root / "begun").exists)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    first_venv = checkout.venv.stat().st_ino
    second = checkout.start()
    with pytest.raises(subprocess.TimeoutExpired):
        second.wait(1)
    assert checkout.venv.stat().st_ino == first_venv
    (checkout.root / "go").touch()
    assert second.communicate(timeout=60)[0].endswith("tiny 1.0\n")
    killed.communicate()


@pytest.mark.slow
def test_two_at_once_install_once(checkout: Checkout) -> None:
    checkout.write_lock("full", [checkout.make_wheel("tiny", "1.0"), checkout.make_slow_source()])
    first = checkout.start()
    wait_until((checkout.root / "begun").exists)
    second = checkout.start()
    (checkout.root / "go").touch()
    outputs = [item.communicate(timeout=60)[0] for item in (first, second)]
    assert all(output.endswith("tiny 1.0\n") for output in outputs)
    assert sum("Installing" in output for output in outputs) == 1


@pytest.mark.parametrize("words", [["test", "-q"], ["--verbose", "test"]])
def test_the_test_command_adds_its_tools_once(quick: Checkout, words: list[str]) -> None:
    quick.run()
    first = quick.run(*words)
    assert first.stderr == "Installing requirements/dev.txt ...\n"
    assert list(quick.venv.glob("lib/*/site-packages/checks.py"))
    assert quick.run("test").stderr == WITHOUT_INSTALL
    assert quick.run("status").stderr == WITHOUT_INSTALL


def test_other_words_do_not_add_the_test_tools(quick: Checkout) -> None:
    assert "dev.txt" not in quick.run("train", "test").stderr


@pytest.mark.slow
def test_a_kill_while_tools_are_added_is_not_trusted(checkout: Checkout) -> None:
    checkout.run()
    checkout.write_lock("dev", [checkout.make_slow_source()])
    killed = checkout.start("test")
    wait_until((checkout.root / "begun").exists)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert checkout.run().stderr == installing(checkout)


@pytest.mark.slow
def test_uv_is_used_where_it_is(checkout: Checkout) -> None:
    checkout.add_program(
        "uv",
        f'echo "$@" >>{checkout.root}/calls\n'
        f'if [ "$1" = venv ]; then exec {checkout.bin / PYTHON} -m venv "$5"; fi\n'
        f'shift 2; exec "$2" -m pip install "$3" "$4" "$5"',
    )
    assert checkout.run().stdout.endswith("tiny 1.0\n")
    assert (checkout.root / "calls").read_text().splitlines() == [
        f"venv --quiet --python {checkout.bin / PYTHON} {checkout.venv}",
        f"pip install --python {checkout.venv}/bin/python --require-hashes "
        f"-r {checkout.root}/requirements/full.txt",
    ]


@pytest.mark.skipif(not shutil.which("uv"), reason="no uv on the PATH")
def test_the_real_uv(checkout: Checkout) -> None:
    found = shutil.which("uv")
    assert found
    (checkout.bin / "uv").symlink_to(found)
    assert checkout.run().stdout.endswith("tiny 1.0\n")


@pytest.mark.slow
def test_a_hash_that_does_not_fit_is_refused(checkout: Checkout) -> None:
    checkout.write_lock("full", ["tiny==1.0 --hash=sha256:" + "0" * 64])
    found = checkout.run()
    assert found.returncode == 1
    assert found.stderr.splitlines()[-2:] == [
        f"Error: The packages could not be installed; the whole output is in {checkout.root}/var/install.log.",
        f"Fix it, then: {checkout.root}/carprice",
    ]
    assert "do not match" in found.stderr.lower()
