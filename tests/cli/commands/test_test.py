import subprocess
import sys
from pathlib import Path


def test_pytest_has_the_last_word(root: Path, tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text("def test_one():\n    assert False\n")
    found = subprocess.run(
        [sys.executable, "-m", "carprice", "test", "-q", str(tmp_path), "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(root / "src")},
        capture_output=True,
        text=True,
    )
    assert found.returncode == 1
    assert found.stdout.splitlines()[-1].startswith("1 failed in ")
