"""The component for training and scoring: of the trainer's image, a cluster as docs/scale.md starts it by hand."""

import json
import shutil
from pathlib import Path

import click
import polars as pl
import pytest
from click.testing import CliRunner, Result
from tests.bundles import invent_uk_listings
from tests.command_lines import parse_command
from tests.kubernetes.rendered import Object, find, pod_specs, render, write_overlay

from carprice.cli.commands.models.refresh import KEPT_CODE
from carprice.cli.main import cli
from carprice.market.market_file import load_market
from carprice.model.bundle.manifest import champion_version
from carprice.settings import load_settings

PODS = {"scheduler", "worker", "score", "refresh"}
CARPRICE = ["python", "-m", "carprice"]


@pytest.fixture(scope="module")
def objects(root: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Object]:
    return render(write_overlay(root, tmp_path_factory.mktemp("train") / "overlay", "train"))


def container_of(objects: list[Object], kind: str, name: str) -> Object:
    """The one container of a Deployment or CronJob."""
    (spec,) = pod_specs(find(objects, kind, name))
    (container,) = spec["containers"]
    return dict(container)


def words_of(container: Object) -> list[str]:
    return [*container.get("command", ()), *container.get("args", ())]


def test_its_pods_are_of_the_trainers_image(objects: list[Object]) -> None:
    containers = [container for item in objects for spec in pod_specs(item) for container in spec["containers"]]
    assert {item["name"] for item in containers if item["image"] == "car-price-trainer"} == PODS


def test_workers_are_started_as_the_page_says(objects: list[Object], root: Path) -> None:
    page = (root / "docs" / "scale.md").read_text()
    for name in ("car-price-scheduler", "car-price-worker"):
        container = container_of(objects, "Deployment", name)
        words = [
            word
            for word in container["command"] + container.get("args", [])
            if word.startswith("--") and word != "--port"
        ]
        assert [word for word in words if word not in page] == []
        for variable in container["env"]:
            assert variable["name"] in page or variable["name"] == "HOME"


def test_nobody_else_reaches_them(objects: list[Object]) -> None:
    policy = find(objects, "NetworkPolicy", "car-price-train")["spec"]
    assert policy["ingress"] == [{"from": [{"podSelector": policy["podSelector"]}]}]
    name, component = policy["podSelector"]["matchExpressions"]
    assert name["values"] == ["car-price"]
    assert set(component["values"]) == PODS


def test_a_training_alone_may_ask_mlflow_too(overlays: dict[str, list[Object]]) -> None:
    policy = find(overlays["everything"], "NetworkPolicy", "car-price-refresh")["spec"]
    assert policy["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "refresh"
    ((target,), (port,)) = (policy["egress"][0][key] for key in ("to", "ports"))
    server = find(overlays["everything"], "Deployment", "mlflow-server")["spec"]["template"]
    assert target["podSelector"]["matchLabels"] == server["metadata"]["labels"]
    assert port["port"] == server["spec"]["containers"][0]["ports"][0]["containerPort"]
    assert policy["policyTypes"] == ["Egress"]


@pytest.mark.parametrize("name", ["car-price-score", "car-price-refresh"])
def test_one_at_a_time_and_never_by_itself(objects: list[Object], name: str) -> None:
    spec = find(objects, "CronJob", name)["spec"]
    assert (spec["suspend"], spec["concurrencyPolicy"]) == (True, "Forbid")


def test_a_champion_that_stays_is_not_tried_again(objects: list[Object]) -> None:
    job = find(objects, "CronJob", "car-price-refresh")["spec"]["jobTemplate"]["spec"]
    assert job["template"]["spec"]["restartPolicy"] == "Never", "else Kubernetes takes no podFailurePolicy"
    rule = next(rule for rule in job["podFailurePolicy"]["rules"] if rule["action"] == "FailJob")
    assert rule["onExitCodes"] == {"containerName": "refresh", "operator": "In", "values": [KEPT_CODE]}


def test_every_command_is_one_that_the_command_line_takes(overlays: dict[str, list[Object]]) -> None:
    commands = []
    for item in (item for objects in overlays.values() for item in objects):
        for spec in pod_specs(item):
            for container in [*spec["containers"], *spec.get("initContainers", [])]:
                words = words_of(container)
                if words[:3] == CARPRICE:
                    commands.append(parse_command(words[3:]))
                    load_settings({each["name"]: each["value"] for each in container.get("env", ())})
    assert set(commands) == {f"carprice {name}" for name in ("gates", "bake", "score", "refresh")}


def test_the_list_of_words_of_a_refresh_can_be_added_to(objects: list[Object]) -> None:
    args = container_of(objects, "CronJob", "car-price-refresh")["args"]
    assert parse_command(["refresh", *args, "--json"]) == "carprice refresh"
    with pytest.raises(click.NoSuchOption, match="--no-such"):
        parse_command(["refresh", *args, "--no-such"])


@pytest.mark.slow
def test_a_refresh_runs_as_it_is_rendered(
    objects: list[Object], tmp_path: Path, markets_dir: Path, quick_training: None
) -> None:
    """In its own folders, without the cluster: a first model, then none where nothing is new, with exit code 3."""
    container = container_of(objects, "CronJob", "car-price-refresh")
    market = load_market("uk", markets_dir)
    shutil.copy(markets_dir / "uk.toml", tmp_path / "market.toml")
    (tmp_path / "training").mkdir()
    frame = invent_uk_listings(market, 600).with_columns(pl.col("year").cast(pl.Int64))
    columns = {feature.name: feature.column for feature in market.features}
    frame.rename(columns).write_csv(tmp_path / "training" / "cars.csv")

    def in_place(text: str) -> str:
        return text.replace("/shared", str(tmp_path))

    settings = {item["name"]: in_place(item["value"]) for item in container["env"]}
    words = words_of(container)
    assert words[: len(CARPRICE)] == CARPRICE
    argv = [*map(in_place, words[len(CARPRICE) :]), "--json"]

    def run() -> Result:
        return CliRunner().invoke(cli, argv, env=settings)

    first = run()
    assert first.exit_code == 0, first.stderr
    version = champion_version(tmp_path / "artifacts")
    assert version
    assert json.loads(first.stdout)["data"]["version"] == version
    second = run()
    assert second.exit_code == KEPT_CODE, second.stderr
    assert "nothing is new" in json.loads(second.stdout)["data"]["reason"]
