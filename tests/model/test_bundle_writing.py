"""Writing a bundle: whole or not at all, whoever is killed and however many write at once."""

import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.model.cars import UK_CAR
from tests.model.users import NOBODY, run_as_nobody

from carprice.errors import BundleError, FileError, ListingsError
from carprice.model.bundle import writing
from carprice.model.bundle.contents import read_bundle
from carprice.model.bundle.manifest import FILES, VERSION_TIME, find_bundle, list_versions, read_manifest
from carprice.model.bundle.writing import write_bundle
from carprice.model.pricer import load_pricer

WRITERS = 4
EACH = 3
MOST_STEPS = 200
DEADLINE_SECONDS = 120

# Writes the bundle that stands in argv[1] once more, to argv[2].
REWRITE = """
import sys
from pathlib import Path
from carprice.model.bundle import writing
from carprice.model.bundle.contents import read_bundle
from carprice.model.bundle.manifest import find_bundle
from carprice.model.bundle.writing import write_bundle
bundle = read_bundle(find_bundle(Path(sys.argv[1])))
artifacts = Path(sys.argv[2])
golden = [item["listing"] for item in bundle.manifest["golden"]]
facts = {key: value for key, value in bundle.manifest.items() if key not in ("files", "golden", "version")}
def write():
    return write_bundle(artifacts, bundle.encoders, bundle.scaler, bundle.model, facts, golden)
"""

# A child is killed at its first step that touches the folder, the next at its second, until one gets through.
KILL_AT_EVERY_STEP = f"""{REWRITE}
import os, signal
def kill_at(step):
    def look(event, arguments):
        nonlocal step
        if event in ("open", "os.mkdir", "os.rename", "os.remove") and str(artifacts) in str(arguments[0]):
            step -= 1
            if not step:
                print(event, os.path.basename(str(arguments[0])), flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
    return look
for step in range(1, {MOST_STEPS}):
    child = os.fork()
    if not child:
        sys.addaudithook(kill_at(step))
        write()
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
    for path in artifacts.iterdir():
        assert path.name.startswith(".new-") or read_bundle(path)
"""


def start(code: str, *arguments: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def parts(small_bundle: Path) -> dict[str, Any]:
    """What write_bundle takes."""
    bundle = read_bundle(find_bundle(small_bundle))
    golden = [item["listing"] for item in bundle.manifest["golden"]]
    facts = {key: value for key, value in bundle.manifest.items() if key not in ("files", "golden", "version")}
    return {
        "encoders": bundle.encoders,
        "scaler": bundle.scaler,
        "model": bundle.model,
        "facts": facts,
        "golden": golden,
    }


def test_a_bundle_is_written_whole(tmp_path: Path, parts: dict[str, Any]) -> None:
    artifacts = tmp_path / "deep" / "artifacts"
    version = write_bundle(artifacts, **parts)
    assert list_versions(artifacts) == [version]
    assert sorted(path.name for path in (artifacts / version).iterdir()) == sorted([*FILES, "manifest.json"])
    assert [path.name for path in artifacts.iterdir()] == [version]
    manifest = load_pricer(artifacts / version).manifest
    assert manifest["version"] == version
    assert manifest["created"] == re.sub(r"(....)(..)(..)T(..)(..)(..)Z", r"\1-\2-\3T\4:\5:\6+00:00", version)


def test_the_same_parts_give_the_same_bytes(tmp_path: Path, parts: dict[str, Any]) -> None:
    first, second = (tmp_path / write_bundle(tmp_path, **parts) for _ in range(2))
    assert first.name < second.name
    for name in FILES:
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert read_manifest(first)["golden"] == read_manifest(second)["golden"]


def test_after_the_clock_went_back_a_later_training_has_the_higher_version(
    tmp_path: Path, parts: dict[str, Any]
) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    (tmp_path / ahead.strftime(VERSION_TIME)).mkdir()
    first, second = (write_bundle(tmp_path, **parts) for _ in range(2))
    assert (first, second) == tuple((ahead + timedelta(seconds=n)).strftime(VERSION_TIME) for n in (1, 2))


def test_a_version_of_another_year_is_not_followed(tmp_path: Path, parts: dict[str, Any]) -> None:
    (tmp_path / "20991231T235959Z").mkdir()
    before = datetime.now(UTC).strftime(VERSION_TIME)
    assert before <= write_bundle(tmp_path, **parts) < "20991231T235959Z"


def test_others_may_read_what_was_written(tmp_path: Path, parts: dict[str, Any]) -> None:
    before = os.umask(0o022)
    try:
        folder = tmp_path / write_bundle(tmp_path, **parts)
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o755
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o644}


@pytest.mark.slow
def test_killed_at_every_step_it_leaves_no_half_bundle(tmp_path: Path, small_bundle: Path) -> None:
    process = start(KILL_AT_EVERY_STEP, small_bundle, tmp_path)
    out, errors = process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 0, errors
    steps = out.splitlines()
    for name in (*FILES, "manifest.json"):
        assert any(step.startswith(f"open .{name}.") for step in steps), steps
        assert any(step.startswith(f"os.rename .{name}.") for step in steps), steps
    assert any(step.startswith("os.rename .new-") for step in steps), steps
    versions = list_versions(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == versions
    for version in versions:
        load_pricer(tmp_path / version)


@pytest.mark.parametrize("limit", [1_000, 100_000])
def test_a_full_disk_leaves_nothing_and_what_was_there(tmp_path: Path, small_bundle: Path, limit: int) -> None:
    """A limit on the size of files, which the kernel answers as it does a full disk: with an error of write."""
    fill = (
        f"{REWRITE}\nimport resource\nfrom carprice.errors import FileError\nfirst = write()\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "try:\n    write()\nexcept FileError as error:\n    print(first, error.what)"
    )
    process = start(fill, small_bundle, tmp_path)
    out, errors = process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 0, errors
    first, what = out.split(maxsplit=1)
    assert "may not be written" in what or "File too large" in what, what
    assert [path.name for path in tmp_path.iterdir()] == [first]
    load_pricer(tmp_path / first)


def test_leftovers_are_removed_by_the_next_writer(tmp_path: Path, parts: dict[str, Any]) -> None:
    (tmp_path / ".new-20200101T000000Z" / "deep").mkdir(parents=True)
    (tmp_path / ".new-20200101T000000Z" / "model.pkl").write_text("half")
    (tmp_path / "notes").mkdir()
    version = write_bundle(tmp_path, **parts)
    assert {path.name for path in tmp_path.iterdir()} == {version, "notes"}


def test_a_writer_that_lives_is_waited_for(
    tmp_path: Path, parts: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its unfinished folder stays while its process lives, stopped or not, and goes when it is gone."""
    unfinished = tmp_path / ".new-20200101T000000Z"
    unfinished.mkdir()
    hold = (
        "import sys; from pathlib import Path; from carprice.system.locks import hold_lock\n"
        "with hold_lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    process = start(hold, tmp_path)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        process.send_signal(signal.SIGSTOP)
        monkeypatch.setattr(writing, "WAIT_SECONDS", 0.2)
        with pytest.raises(BundleError) as error:
            write_bundle(tmp_path, **parts)
        assert str(error.value) == (
            f"{tmp_path}: another process has been writing a bundle for 0.2 s\nSee which: fuser -v {tmp_path}"
        )
        assert unfinished.exists()
    finally:
        process.kill()
        process.communicate()
    version = write_bundle(tmp_path, **parts)
    assert [path.name for path in tmp_path.iterdir()] == [version]


@pytest.mark.slow
def test_many_writers_at_once(tmp_path: Path, small_bundle: Path) -> None:
    code = f"{REWRITE}\nfor _ in range({EACH}): print(write())"
    processes = [start(code, small_bundle, tmp_path) for _ in range(WRITERS)]
    versions = []
    for process in processes:
        out, errors = process.communicate(timeout=DEADLINE_SECONDS)
        assert process.returncode == 0, errors
        versions += out.split()
    assert len(set(versions)) == WRITERS * EACH
    assert list_versions(tmp_path) == sorted(versions)
    assert {path.name for path in tmp_path.iterdir()} == set(versions)
    for version in versions:
        load_pricer(tmp_path / version)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("golden", [], "golden: should be a list that is not empty (got [])"),
        ("encoders", {"make": ["Ford"]}, "encoders.pkl: has nothing for feature 'model'"),
        ("encoders", ["Ford"], "encoders.pkl: should be an object (got ['Ford'])"),
        ("scaler", {"year": {"mean": 1.0}}, "scaler.pkl: year: fill is missing"),
        ("model", {"trees": "tree"}, "model.pkl: transform is missing"),
    ],
)
def test_parts_that_make_no_bundle_leave_nothing(
    tmp_path: Path, parts: dict[str, Any], key: str, value: Any, message: str
) -> None:
    with pytest.raises(BundleError) as error:
        write_bundle(tmp_path, **{**parts, key: value})
    assert error.value.what.endswith(message)
    assert list(tmp_path.iterdir()) == []


def test_numbers_of_numpy_are_refused(tmp_path: Path, parts: dict[str, Any]) -> None:
    """They would not be plain values, and no API could read the bundle."""
    parts["scaler"] = {**parts["scaler"], "year": {**parts["scaler"]["year"], "mean": np.float64(2015)}}
    with pytest.raises(BundleError, match=r"scaler\.pkl: year\.mean: should be a number"):
        write_bundle(tmp_path, **parts)
    parts["scaler"]["year"]["mean"] = 2015.0
    parts["model"] = {**parts["model"], "note": np.float64(1)}
    with pytest.raises(BundleError, match=r"model\.pkl: names numpy\._core\.multiarray\.scalar"):
        write_bundle(tmp_path, **parts)
    assert list(tmp_path.iterdir()) == []


def test_a_golden_listing_of_another_market_is_refused(tmp_path: Path, parts: dict[str, Any]) -> None:
    with pytest.raises(ListingsError, match="year: should be from 1980 to 2021"):
        write_bundle(tmp_path, **{**parts, "golden": [{**UK_CAR, "year": 1900}]})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_may_not_be_written(open_artifacts: Path) -> None:
    code = f"{REWRITE}\nwrite()"
    assert run_as_nobody(code, open_artifacts, open_artifacts) == (
        f"{open_artifacts / '*'}: may not be written by user {NOBODY}\nAllow it: chmod -R a+rwX {open_artifacts}"
    )


def test_a_folder_that_is_a_file(tmp_path: Path, parts: dict[str, Any]) -> None:
    (tmp_path / "artifacts").write_text("")
    with pytest.raises(FileError) as error:
        write_bundle(tmp_path / "artifacts", **parts)
    assert str(error.value) == f"{tmp_path / 'artifacts' / '*'}: cannot be written (File exists)"
