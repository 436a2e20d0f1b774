from pathlib import Path

import pytest

from carprice.errors import FileError
from carprice.system.files import open_output


def test_file_appears_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with open_output(path) as stream:
        stream.write(b"cars")
        assert not path.exists()
    assert path.read_bytes() == b"cars"
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]


def test_failure_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), open_output(tmp_path / "a.csv") as stream:
        stream.write(b"%d" % (1 // 0))
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    with pytest.raises(FileError) as error, open_output(path):
        pass
    assert str(error.value) == f"{path}: exists already\nOverwrite it with --force."
    with open_output(path, force=True) as stream:
        stream.write(b"new")
    assert path.read_text() == "new"


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(FileError) as error, open_output(tmp_path / "no" / "a.csv"):
        pass
    assert str(error.value) == f"{tmp_path / 'no' / 'a.csv'}: cannot be written (No such file or directory)"
