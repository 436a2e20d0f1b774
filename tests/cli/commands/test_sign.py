"""carprice sign, and what the other commands say of a model that nobody signed."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.tiny import write_tiny

from carprice.cli.main import main
from carprice.model.bundle.manifest import champion_version

Run = Callable[..., tuple[int, str, str]]
CAR = ("make=Ford", "year=2020")


@pytest.fixture
def version(tmp_path: Path) -> str:
    return write_tiny(tmp_path / "artifacts")


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command in this process: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    for name in ("artifacts", "var", "logs"):
        monkeypatch.setenv(f"CARPRICE_{name.upper()}_DIR", str(tmp_path / name))

    def run_command(*argv: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["carprice", *argv])
        code = main()
        output = capfd.readouterr()
        return code, output.out, output.err

    return run_command


def test_the_way_from_a_key_to_a_signed_model(
    run: Run, version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = run("sign", "--new-key", "release.pem")
    assert code == 0
    assert "release.pub.pem is trusted: copy it into the folder that CARPRICE_TRUSTED_KEYS names" in err
    (tmp_path / "trusted").mkdir()
    shutil.copy(tmp_path / "release.pub.pem", tmp_path / "trusted")
    monkeypatch.setenv("CARPRICE_TRUSTED_KEYS", str(tmp_path / "trusted"))
    for command in (("price", *CAR), ("promote", version, "--offline")):
        code, _, err = run(*command)
        assert code == 1
        assert err.endswith(f"\nSign it, if you trust it: ./carprice sign {version} --key PRIVATE.pem\n")
    assert run("sign", version, "--key", "release.pem")[:2] == (0, out)
    assert run("price", *CAR)[0] == 0
    code, _, err = run("promote", version, "--offline")
    assert (code, champion_version(tmp_path / "artifacts")) == (0, version), err


def test_the_key_may_be_a_setting_and_the_model_the_champion(
    run: Run, version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = json.loads(run("sign", "--new-key", "a.pem", "--json")[1])["data"]["key_id"]
    monkeypatch.setenv("CARPRICE_SIGNING_KEY", str(tmp_path / "a.pem"))
    code, out, err = run("sign", "--json")
    path = tmp_path / "artifacts" / version / "manifest.sig"
    assert (code, err) == (0, f"Signed {version}\n")
    assert json.loads(out)["data"] == {"key_id": key, "version": version, "signature": str(path)}


def test_what_cannot_be_signed(run: Run, version: str, tmp_path: Path) -> None:
    code, _, err = run("sign", version)
    assert code == 2
    assert "./carprice sign --new-key FILE" in err
    code, _, err = run("sign", version, "--key", "none.pem")
    assert (code, err) == (
        1,
        "Error: none.pem: is missing\nMake a pair: ./carprice sign --new-key PRIVATE.pem\n",
    )
    run("sign", "--new-key", "a.pem")
    assert run("sign", "--new-key", "a.pem")[0] == 1
    assert run("sign", version, "--new-key", "b.pem")[0] == 2
    path = tmp_path / "artifacts" / version / "model.pkl"
    path.write_bytes(path.read_bytes()[:-1])
    code, _, err = run("sign", "--key", "a.pem")
    assert code == 1
    assert "model.pkl: is truncated" in err
