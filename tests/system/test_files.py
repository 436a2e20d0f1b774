import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from carprice.errors import FileError
from carprice.system.files import describe_access, open_output, open_regular, write_file


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


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """A limit on the size of files, which the kernel answers as it does a full disk: with an error of write."""
    write_file(tmp_path / "champion", b"old")
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom carprice.errors import FileError\n"
        "from carprice.system.files import write_file\nresource.setrlimit(resource.RLIMIT_FSIZE, (2, 2))\n"
        "try:\n    write_file(Path(sys.argv[1]), b'20261126T120000Z')\n"
        "except FileError as error:\n    print(error.what)"
    )
    argv = [sys.executable, "-c", code, str(tmp_path / "champion")]
    done = subprocess.run(argv, capture_output=True, text=True, env={"PYTHONPATH": os.pathsep.join(sys.path)})
    assert done.stdout == f"{tmp_path / 'champion'}: cannot be written (File too large)\n", done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["champion"]
    assert (tmp_path / "champion").read_bytes() == b"old"


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


PLANTED = {
    "link": lambda path, victim: path.symlink_to(victim),
    "pipe": lambda path, _: os.mkfifo(path),
    "folder": lambda path, _: path.mkdir(),
}
"""What a container may put where a command on the host reads or writes."""


@pytest.mark.parametrize("kind", PLANTED)
@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_RDWR | os.O_CREAT, os.O_WRONLY | os.O_APPEND | os.O_CREAT])
def test_only_a_plain_file_is_opened(kind: str, flags: int, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("whole")
    PLANTED[kind](tmp_path / "planted", victim)
    with pytest.raises(OSError, match=r"symbolic link|not a plain file|Is a directory|No such device"):
        open_regular(tmp_path / "planted", flags)
    assert victim.read_text() == "whole"


def test_a_draft_does_not_go_through_a_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("whole")
    (tmp_path / f".champion.{os.getpid()}").symlink_to(victim)
    write_file(tmp_path / "champion", b"new")
    assert (victim.read_text(), (tmp_path / "champion").read_text()) == ("whole", "new")


@pytest.mark.parametrize(
    ("error", "what", "hint"),
    [
        (
            OSError(errno.EROFS, "Read-only file system"),
            "/a/b: cannot be written (its file system is read-only)",
            "Work in a copy elsewhere; what is mounted here says: findmnt -T /a",
        ),
        (OSError(errno.EIO, "Input/output error"), "/a/b: cannot be written (Input/output error)", ""),
    ],
)
def test_what_cannot_be_written_has_its_reason(error: OSError, what: str, hint: str) -> None:
    assert describe_access(Path("/a/b"), "written", error) == (what, hint)
