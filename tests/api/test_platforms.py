"""What SageMaker, KServe, Vertex AI and Azure ML tell the service."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.api.process import Server

from carprice.api.serving import platforms
from carprice.api.serving.platforms import read_platform
from carprice.errors import SettingsError

SAGEMAKER, KSERVE = "opt/ml/model", "mnt/models"


@pytest.fixture(autouse=True)
def _no_model_of_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platforms, "ROOT", tmp_path / "checkout")


@pytest.mark.parametrize(
    ("environment", "port"),
    [
        ({}, None),
        ({"AIP_HTTP_PORT": "7080"}, "7080"),
        ({"AIP_HTTP_PORT": "7080", "CARPRICE_PORT": "6000"}, None),
        ({"SAGEMAKER_REGION": "x"}, "8080"),
        ({"SAGEMAKER_REGION": "x", "AIP_HTTP_PORT": "7080"}, "7080"),
        ({"K_SERVICE": "cars"}, "8080"),
        ({"PROTOCOL_VERSION": "v2"}, "8080"),
        ({"PROTOCOL_VERSION": "v2", "CARPRICE_PORT": "6000"}, None),
    ],
)
def test_ports(tmp_path: Path, environment: dict[str, str], port: str | None) -> None:
    assert read_platform(environment, tmp_path).get("CARPRICE_PORT") == port


def test_given_routes(tmp_path: Path) -> None:
    environment = {"AIP_HEALTH_ROUTE": "/health", "AIP_PREDICT_ROUTE": "/predict", "AIP_HTTP_PORT": ""}
    assert read_platform(environment, tmp_path) == {
        "CARPRICE_HEALTH_ROUTE": "/health",
        "CARPRICE_PREDICT_ROUTE": "/predict",
    }


@pytest.mark.parametrize("folder", [SAGEMAKER, KSERVE])
@pytest.mark.parametrize("inside", ["", "1"])
def test_folders(small_bundle: Path, tmp_path: Path, folder: str, inside: str) -> None:
    """The bundle alone, or artifacts/ with its champion; there or in a folder there."""
    version = (small_bundle / "champion").read_text().strip()
    for source in (small_bundle, small_bundle / version):
        shutil.copytree(source, tmp_path / folder / inside, dirs_exist_ok=True)
        found = read_platform({}, tmp_path)
        assert found == {
            "CARPRICE_PORT": "8080",
            "CARPRICE_ARTIFACTS_DIR": str(tmp_path / folder / inside).rstrip("/"),
        }
        shutil.rmtree(tmp_path / folder)


def test_azure(small_bundle: Path, tmp_path: Path) -> None:
    environment = {"AZUREML_MODEL_DIR": str(small_bundle)}
    assert read_platform(environment, tmp_path) == {"CARPRICE_ARTIFACTS_DIR": str(small_bundle)}
    with pytest.raises(SettingsError, match=r"AZUREML_MODEL_DIR: should be a folder \(got '/no/such'\)"):
        read_platform({"AZUREML_MODEL_DIR": "/no/such"}, tmp_path)


def test_what_is_set_wins(small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / SAGEMAKER).mkdir(parents=True)
    (tmp_path / SAGEMAKER / "weights.bin").touch()
    assert "CARPRICE_ARTIFACTS_DIR" not in read_platform({"CARPRICE_ARTIFACTS_DIR": "/x"}, tmp_path)
    assert "CARPRICE_ARTIFACTS_DIR" not in read_platform({"CARPRICE_MODEL_VERSION": "image"}, tmp_path)
    monkeypatch.setattr(platforms, "ROOT", small_bundle.parent)
    assert "CARPRICE_ARTIFACTS_DIR" not in read_platform({}, tmp_path)


def test_a_folder_without_a_model_is_an_error_and_not_the_demo_model(small_bundle: Path, tmp_path: Path) -> None:
    folder = tmp_path / SAGEMAKER
    folder.mkdir(parents=True)
    assert read_platform({}, tmp_path) == {"CARPRICE_PORT": "8080"}  # empty: no model was given
    (folder / "weights.bin").touch()
    with pytest.raises(SettingsError, match=r"has no model \(got weights\.bin\)\nPut one bundle there"):
        read_platform({}, tmp_path)
    version = (small_bundle / "champion").read_text().strip()
    for name in ("20200101T000000Z", "20200102T000000Z"):
        shutil.copytree(small_bundle / version, folder / name)
    with pytest.raises(SettingsError, match="has several models and no champion"):
        read_platform({}, tmp_path)


def test_the_word_serve_and_vertex_ai(root: Path, small_bundle: Path, tmp_path: Path) -> None:
    server = Server(
        root,
        tmp_path,
        words=["serve"],
        variables={"AIP_PREDICT_ROUTE": "/predict", "AZUREML_MODEL_DIR": str(small_bundle)},
    )
    try:
        server.wait_up()
        assert server.get("/ping") == (200, b"")
        assert server.ask("POST", "/predict", b'{"instances": []}') == (200, b'{"predictions":[]}')
        assert b'"source":"artifacts"' in server.get("/info/status")[1]
        assert server.stop() == 0
    finally:
        server.end()


def test_another_word(root: Path) -> None:
    done = subprocess.run([sys.executable, root / "app.py", "train"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: this image serves, and takes no word but serve (got 'train')\n")


def test_damaged_artifacts_of_the_checkout_stop_no_start(tmp_path: Path) -> None:
    """The service says what is damaged, and waits for it to be mended."""
    (tmp_path / "checkout" / "artifacts").mkdir(parents=True)
    (tmp_path / "checkout" / "artifacts" / "champion").mkdir()
    (tmp_path / KSERVE).mkdir(parents=True)
    (tmp_path / KSERVE / "notes.txt").write_text("no model")
    assert "CARPRICE_ARTIFACTS_DIR" not in read_platform({}, tmp_path)
