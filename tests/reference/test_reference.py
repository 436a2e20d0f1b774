"""The references in docs/ say what the service and the commands say."""

from pathlib import Path

from tests.api.calls import find_state
from tests.reference.cli import write_cli
from tests.reference.http import without_amounts, write_http
from tests.reference.licences import write_licences

from carprice.api.serving.app import create_app
from carprice.cli.main import COMMANDS
from carprice.settings import Settings

AGAIN = "write it again: python -m tests.reference"


def test_the_http_reference_is_up_to_date(root: Path, small_bundle: Path, tmp_path: Path) -> None:
    app = create_app(Settings(artifacts_dir=small_bundle, logs_dir=tmp_path, var_dir=tmp_path / "var"))
    expected = write_http(app)
    find_state(app).close()
    found = (root / "docs" / "http.md").read_text()
    assert without_amounts(found) == without_amounts(expected), AGAIN


def test_the_command_line_reference_is_up_to_date(root: Path) -> None:
    found = (root / "docs" / "cli.md").read_text()
    assert found == write_cli(), AGAIN
    for name in [name for commands in COMMANDS.values() for name in commands]:
        assert f"\n## carprice {name}\n" in found


def test_the_licences_are_those_of_what_the_image_holds(root: Path) -> None:
    assert (root / "docs" / "licences.md").read_text() == write_licences(root), AGAIN
