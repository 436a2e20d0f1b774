"""What the tests of the engine share."""

from pathlib import Path

import pytest


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    """Four files to work on, and the folder of the outputs."""
    paths = [tmp_path / name for name in "abcd"]
    for path in paths:
        path.write_text(path.name)
    (tmp_path / "work").mkdir()
    return paths
