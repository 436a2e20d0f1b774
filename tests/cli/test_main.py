"""The root of the command line: settings of the .env file, what is mistyped or left out, completion."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from carprice.cli.main import cli, main
from carprice.settings import add_env_file


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("CARPRICE_PORT=5010\nRELEASE=r1\n# CARPRICE_STACK=local\n", {"CARPRICE_PORT": "5010"}),
        (
            'CARPRICE_HOST="::"\nCARPRICE_MLFLOW_PORT = 5011\nCARPRI',
            {"CARPRICE_HOST": "::", "CARPRICE_MLFLOW_PORT": "5011"},
        ),
        ("CARPRICE_RELEASE=r9\n", {}),
        (
            "CARPRICE_PORT=5010 # second checkout\nexport CARPRICE_THREADS=2\nCARPRICE_RELEASE='a # b'\n",
            {"CARPRICE_PORT": "5010", "CARPRICE_THREADS": "2"},
        ),
        # Of a name given twice the last counts, as in Compose: so a port moved by `>> .env` stays moved.
        (
            "CARPRICE_PORT=5310\nCARPRICE_MLFLOW_PORT=5311\nCARPRICE_PORT=5320\n",
            {"CARPRICE_PORT": "5320", "CARPRICE_MLFLOW_PORT": "5311"},
        ),
    ],
)
def test_settings_of_the_env_file(tmp_path: Path, text: str, taken: dict[str, str]) -> None:
    """What is set already stays, and what cannot be read is left to the command that needs it."""
    (tmp_path / ".env").write_text(text)
    own = {"CARPRICE_STACK_DIR": str(tmp_path), "CARPRICE_RELEASE": "r1"}
    environment = dict(own)
    add_env_file(environment)
    assert environment == {**taken, **own}


def test_no_env_file_and_a_damaged_one_set_nothing(tmp_path: Path) -> None:
    environment = {"CARPRICE_STACK_DIR": str(tmp_path)}
    add_env_file(environment)
    (tmp_path / ".env").write_bytes(b"\xff")
    add_env_file(environment)
    assert list(environment) == ["CARPRICE_STACK_DIR"]


def test_a_mistyped_command_has_a_suggestion() -> None:
    assert "Error: No such command 'trian'. Did you mean 'train'?" in CliRunner().invoke(cli, ["trian"]).stderr


def test_a_market_that_is_left_out_is_one_of_these() -> None:
    error = CliRunner().invoke(cli, ["train"]).stderr
    assert error.splitlines()[-1] == (
        "Error: Missing option '--market'. "
        "Markets: demo, georgia, uk; or draft one: ./carprice market init LISTINGS"
    )


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("carprice mo", ["models", "monitor", "model-image"]),
        ("carprice train --market u", ["uk"]),
        ("carprice score --fo", ["--force"]),
    ],
)
def test_the_shell_completes(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], typed: str, found: list[str]
) -> None:
    monkeypatch.setenv("_CARPRICE_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))
    with pytest.raises(SystemExit):
        main()
    assert [line.split(",")[1] for line in capfd.readouterr().out.splitlines()] == found
