"""What must hold before anything is created."""

import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from tests.ops.world import FAST, World

from carprice.errors import BundleError, StackError
from carprice.model.bundle.manifest import champion_version
from carprice.model.bundle.signing import load_signing_key, make_keys, sign_bundle
from carprice.names import API, MLFLOW
from carprice.ops.docker.images import find_image, resolve_image
from carprice.ops.rollout.gates import GateError
from carprice.ops.rollout.preflight import (
    check_model,
    check_network,
    check_room,
    list_live,
    resolve_model,
    warn_of_mlflow,
)


@pytest.fixture
def champion(world: World, small_bundle: Path) -> str:
    """A real bundle in the world's artifacts."""
    shutil.copytree(small_bundle, world.folder / "artifacts", dirs_exist_ok=True)
    return champion_version(small_bundle) or ""


def test_the_model_is_the_one_wanted_the_champion_or_the_image_s_own(world: World, champion: str) -> None:
    context = world.context()
    assert resolve_model(context, "20260101T000000Z") == "20260101T000000Z"
    assert resolve_model(context, "") == champion
    (context.artifacts_dir / "champion").unlink()
    assert resolve_model(context, "") == "image"


def test_a_bundle_is_read_down_to_its_digests(world: World, champion: str) -> None:
    context = world.context()
    manifest = check_model(context, champion)
    assert manifest
    assert manifest["version"] == champion
    assert check_model(context, "image") is None
    with pytest.raises(BundleError, match="has no bundle 20200101T000000Z"):
        check_model(context, "20200101T000000Z")
    path = context.artifacts_dir / champion / "scaler.pkl"
    path.write_bytes(path.read_bytes() + b".")
    with pytest.raises(
        GateError, match=r"Gate preflight: .*/scaler\.pkl: SHA-256: should be \w{64} \(got \w{64}\)"
    ):
        check_model(context, champion)
    path.unlink()
    with pytest.raises(GateError, match=r"scaler\.pkl: is missing"):
        check_model(context, champion)


def test_an_unsigned_bundle_is_no_release_where_keys_are_trusted(
    world: World, champion: str, tmp_path: Path
) -> None:
    pair = make_keys(tmp_path / "ours.pem")
    context = world.context()
    context = replace(context, settings=replace(context.settings, trusted_keys=str(tmp_path / "trusted")))
    (tmp_path / "trusted").mkdir()
    shutil.copy(pair.public, tmp_path / "trusted")
    with pytest.raises(GateError, match=r"Gate preflight: .*manifest\.sig: is missing or empty"):
        check_model(context, champion)
    sign_bundle(context.artifacts_dir / champion, load_signing_key(pair.private))
    assert check_model(context, champion)


def test_an_image_is_called_by_its_name_or_its_tag(world: World) -> None:
    runner = world.context().runner
    assert resolve_image(runner, "latest") == "car-price-prediction:latest"
    assert resolve_image(runner, "my/image:1") == "my/image:1"
    assert resolve_image(runner, "latest-but-none") == "latest-but-none"
    with pytest.raises(StackError) as error:
        find_image(runner, "no:1")
    assert str(error.value) == "Image no:1 does not exist\nBuild it: ./carprice build"


def test_a_live_set_is_needed(world: World) -> None:
    for item in world.of(API):
        item.state = "exited"
    with pytest.raises(StackError, match="The stack is not up: car-price-api has no running container"):
        list_live(world.context())


def test_the_edge_must_be_on_the_replicas_network(world: World) -> None:
    context = world.context()
    live = list_live(context)
    check_network(context, live)
    with pytest.raises(StackError) as error:
        check_network(context, [replace(live[0], networks=("other",))])
    assert error.value.what == (
        "The edge cannot reach car-price-car-price-api-1: it is on cars, the replica on other"
    )


def test_there_must_be_room(world: World) -> None:
    live = list_live(world.context())
    check_room(world.context(), live)
    with pytest.raises(
        StackError, match=r"Two sets need 0 MB more memory, and \d+ MB are available, of which 100%"
    ):
        check_room(world.context(msgspec.structs.replace(FAST, free_memory_share=1.0)), live)
    with pytest.raises(StackError, match=r"\d+ MB of disk are free, a rollout keeps 1e\+12 MB"):
        check_room(world.context(msgspec.structs.replace(FAST, free_disk_mb=1e12)), live)


@pytest.mark.parametrize(("state", "lines"), [("running", 0), ("exited", 1)])
def test_mlflow_may_be_down(world: World, state: str, lines: int) -> None:
    world.of(MLFLOW)[0].state = state
    warn_of_mlflow(world.context())
    assert len(world.said) == lines
