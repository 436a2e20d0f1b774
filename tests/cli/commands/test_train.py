"""carprice train: the words that it takes."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from carprice.cli.main import cli


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--gang", "3", "--workers", "2"), "--gang 3: needs as many --workers (got 2)."),
        (("--gang", "1"), "Invalid value for '--gang': 1 is not in the range x>=2."),
    ],
    ids=["too many", "one"],
)
def test_a_gang_of_too_many_or_of_one_is_refused(words: tuple[str, ...], reason: str, tmp_path: Path) -> None:
    (tmp_path / "cars.csv").write_text("make,price\nVW,1\n")
    done = CliRunner().invoke(cli, ["train", "--market", "uk", "--data", str(tmp_path / "cars.csv"), *words])
    assert (done.exit_code, done.stdout) == (2, "")
    assert reason in done.stderr
