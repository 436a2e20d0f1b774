"""A bundle in a process of its own: what ends that process ends no other."""

import signal
from pathlib import Path

import pytest

from carprice.errors import BundleError
from carprice.model.bundle.manifest import find_bundle
from carprice.system.processes import Result, Runner
from carprice.tracking import proof
from carprice.tracking.proof import NO_MEMORY, main, prove_apart


def test_a_whole_bundle_passes(small_bundle: Path) -> None:
    prove_apart(find_bundle(small_bundle))


def test_what_is_refused_in_order_is_left_to_the_pricer(tmp_path: Path) -> None:
    prove_apart(tmp_path / "20200101T000000Z")


@pytest.mark.parametrize(
    ("code", "what"),
    [
        (-signal.SIGSEGV, "ends the process that loads it, by signal 11"),
        (-signal.SIGKILL, "ends the process that loads it, by signal 9"),
        (NO_MEMORY, "needs more than 4096 MB to be loaded"),
    ],
)
def test_how_it_ended_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: int, what: str) -> None:
    monkeypatch.setattr(Runner, "try_run", lambda *_: Result(code))
    with pytest.raises(BundleError) as error:
        prove_apart(tmp_path)
    assert error.value.what == f"{tmp_path}: {what}"


def test_one_that_hangs_is_ended(tmp_path: Path) -> None:
    """No process is as quick as that."""
    with pytest.raises(BundleError, match=r"could not be loaded within 0\.01 s"):
        prove_apart(tmp_path, 0.01)


def test_a_bundle_beyond_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> None:
        raise MemoryError

    monkeypatch.setattr(proof, "load_pricer", fail)
    monkeypatch.setattr(proof.resource, "setrlimit", lambda *_: None)
    assert main("anywhere") == NO_MEMORY
