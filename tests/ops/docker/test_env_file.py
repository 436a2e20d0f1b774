"""Releases, and the .env file that pins what is live."""

import stat
from pathlib import Path

import pytest

from carprice.errors import StackError
from carprice.ops.docker.env_file import read_env, repair_env, write_env
from carprice.ops.release import (
    Release,
    describe_model,
    image_of,
    next_name,
    pin_candidate,
    pin_release,
    read_release,
)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("A=1\nB=2\n", {"A": "1", "B": "2"}),
        ("# A=1\n\n  B = 2 \n", {"B": "2"}),
        ("A='x y'\nB=\"z\"\n", {"A": "x y", "B": "z"}),
        ("A=1=2\nB=\n", {"A": "1=2", "B": ""}),
        ("A=1\nA=2", {"A": "2"}),
    ],
)
def test_an_env_file_is_read(env_file: Path, text: str, values: dict[str, str]) -> None:
    env_file.write_text(text)
    assert read_env(env_file) == values


def test_no_env_file_has_no_variables(env_file: Path) -> None:
    assert read_env(env_file) == {}
    assert read_release(env_file) == Release("local", "car-price-prediction:latest", "")


def test_a_bad_line_is_named(env_file: Path) -> None:
    env_file.write_text("A=1\nnonsense\n")
    with pytest.raises(StackError) as error:
        read_env(env_file)
    assert error.value.what == f"{env_file}: line 2: should be NAME=VALUE (got 'nonsense')"


def test_what_is_no_text_is_named(env_file: Path) -> None:
    env_file.write_bytes(b"A=\xff\n")
    with pytest.raises(StackError, match=r"\.env: cannot be read \('utf-8' codec"):
        read_env(env_file)


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        ("", {"A": "1"}, "A=1\n"),
        ("# mine\nB=2\n", {"A": "1"}, "# mine\nB=2\nA=1\n"),
        ("A=0\nB=2", {"A": "1"}, "A=1\nB=2\n"),
        ("A=0\nB=2\n", {"A": None}, "B=2\n"),
        ("A=0\nA=1\n", {"A": "2"}, "A=2\n"),
        ("#A=0\n", {"A": None}, "#A=0\n"),
    ],
)
def test_an_env_file_is_changed(env_file: Path, before: str, changes: dict[str, str | None], after: str) -> None:
    env_file.write_text(before)
    write_env(env_file, changes)
    assert env_file.read_text() == after


def test_a_changed_env_file_keeps_its_mode_and_its_place(env_file: Path, tmp_path: Path) -> None:
    real = tmp_path / "secrets"
    real.write_text("TOKEN=x\n")
    real.chmod(0o600)
    env_file.symlink_to(real)
    write_env(env_file, {"A": "1"})
    assert env_file.is_symlink()
    assert real.read_text() == "TOKEN=x\nA=1\n"
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("before", "torn", "after"),
    [
        ("A=1\nIMA", "IMA", "A=1\n"),
        ("IMA", "IMA", ""),
        ("A=1\nB=", "", "A=1\nB="),
        ("A=1\nnonsense\n", "", "A=1\nnonsense\n"),
        ("A=1\n# not", "", "A=1\n# not"),
        ("", "", ""),
    ],
)
def test_a_torn_last_line_is_taken_away(env_file: Path, before: str, torn: str, after: str) -> None:
    env_file.write_text(before)
    assert repair_env(env_file) == torn
    assert env_file.read_text() == after


def test_a_release_is_pinned_and_the_candidate_forgotten(env_file: Path) -> None:
    env_file.write_text("CARPRICE_PORT=5010\n")
    pin_candidate(env_file, Release("r2", "i:r2", "m2"))
    pin_release(env_file, Release("r1", "i:r1", "m1"))
    assert env_file.read_text() == "CARPRICE_PORT=5010\nRELEASE=r1\nIMAGE=i:r1\nMODEL_VERSION=m1\n"
    assert read_release(env_file) == Release("r1", "i:r1", "m1")


@pytest.mark.parametrize(
    ("names", "name"),
    [([], "r1"), (["local"], "r1"), (["r1", "r10", "r2"], "r11"), (["r2x", "xr9", "latest"], "r1")],
)
def test_the_next_name(names: list[str], name: str) -> None:
    assert next_name(names) == name


def test_another_stack_has_image_names_of_its_own() -> None:
    assert image_of("r1") == "car-price-prediction:r1"
    assert image_of("r1", "mine") == "car-price-prediction:mine-r1"


@pytest.mark.parametrize(
    ("model", "bundle", "text"), [("m1", "m1", "m1"), ("image", "", "of the image"), ("", "", "the champion")]
)
def test_the_model_of_a_release(model: str, bundle: str, text: str) -> None:
    assert Release("r1", "i", model).bundle == bundle
    assert describe_model(model) == text
