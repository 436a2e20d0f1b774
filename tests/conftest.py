"""What every test may use."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def markets_dir(root: Path) -> Path:
    """The market files of the checkout."""
    return root / "markets"


@pytest.fixture(scope="session")
def listings_dir(root: Path) -> Path:
    """The folder with uk.csv.gz and georgia.csv.gz."""
    folder = Path(os.environ.get("CARPRICE_LISTINGS", root.parent / "shared" / "data"))
    if not (folder / "uk.csv.gz").exists():
        pytest.skip(f"no real listings in {folder}; set CARPRICE_LISTINGS to their folder")
    return folder
