"""The root of the command line: settings of the .env file."""

from pathlib import Path

import pytest

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
