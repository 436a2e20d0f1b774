"""What the OpenAPI document says, held against a real service by Schemathesis: seeded, and within a time."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.api.process import Server

pytestmark = pytest.mark.slow

SEED, EXAMPLES = 10, 10
PARTLY_WRONG = "^(/predict/batch|/stock)$"
"""Paths that answer 200 to a body with something wrong in it, and say there what."""
UNSAYABLE = "positive_data_acceptance"
"""Limits between two fields, such as `from` and `to`, have no words in a schema."""


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [
        (30, ["--exclude-path-regex", PARTLY_WRONG, "--exclude-checks", UNSAYABLE]),
        (8, ["--include-path-regex", PARTLY_WRONG, "--exclude-checks", f"{UNSAYABLE},negative_data_rejection"]),
    ],
    ids=["whole", "partly wrong"],
)
def test_the_service_keeps_to_its_document(
    root: Path, small_bundle: Path, tmp_path: Path, seconds: int, chosen: list[str]
) -> None:
    """No 5xx, no status or type or header that is not documented, nothing taken that the document forbids."""
    server = Server(root, tmp_path, artifacts_dir=small_bundle)
    try:
        url = f"http://127.0.0.1:{server.wait_up().port}/api/openapi.json"
        argv = [sys.executable, "-m", "schemathesis.cli", "run", url, "--checks", "all", *chosen, "--no-color"]
        argv += ["--seed", str(SEED), "--max-examples", str(EXAMPLES), "--max-time", str(seconds)]
        done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True)
    finally:
        server.end()
    assert done.returncode == 0, f"{done.stdout[-8000:]}{done.stderr[-2000:]}"
    assert " generated, " in done.stdout
