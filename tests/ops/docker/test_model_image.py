"""The image of a model: what is put into it."""

from pathlib import Path

import pytest

from carprice.errors import BundleError
from carprice.model.bundle.manifest import champion_version, find_bundle, read_manifest, verify_files
from carprice.ops.docker import argv
from carprice.ops.docker.model_image import build_model_image, copy_bundle, describe_image
from carprice.settings import Settings
from carprice.system.processes import Runner


def test_the_copy_is_an_artifacts_folder_that_everybody_may_read(small_bundle: Path, tmp_path: Path) -> None:
    folder = find_bundle(small_bundle)
    copy_bundle(folder, tmp_path / "model")
    assert champion_version(tmp_path / "model") == folder.name
    copied = find_bundle(tmp_path / "model")
    verify_files(copied, read_manifest(copied))
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "model").rglob("*") if path.is_file()}
    assert modes == {0o644}
    assert copied.stat().st_mode & 0o777 == 0o755


def test_it_is_on_nothing_or_on_a_base() -> None:
    assert describe_image() == "FROM scratch\nCOPY model/ /\n"
    assert describe_image("api:r1") == "FROM api:r1\nCOPY model/ /model/\n"


def test_the_command() -> None:
    assert argv.build_folder(Path("/f"), "m:1") == ["docker", "build", "--quiet", "--tag", "m:1", "/f"]


def test_a_missing_and_a_damaged_model_are_refused(small_bundle: Path, tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    with pytest.raises(BundleError, match="20200101T000000Z"):
        build_model_image(Settings(artifacts_dir=small_bundle), runner, "20200101T000000Z")
    copy_bundle(find_bundle(small_bundle), tmp_path / "model")
    (find_bundle(tmp_path / "model") / "model.pkl").write_bytes(b"other")
    with pytest.raises(BundleError, match=r"model\.pkl: is truncated"):
        build_model_image(Settings(artifacts_dir=tmp_path / "model"), runner)
