"""The addresses that `carprice up` ends with."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.cli.tiny import write_tiny

from carprice.cli.commands.service.up import find_experiment, show_addresses
from carprice.names import API, MLFLOW
from carprice.settings import Settings

SENT = {"run_id": "a1", "model_version": "3", "experiment_id": "7"}


@pytest.mark.parametrize(
    ("facts", "found"),
    [({"mlflow": SENT}, "7"), ({"mlflow": None}, ""), ({}, ""), ({"mlflow": {"run_id": "a1"}}, "")],
)
def test_the_runs_of_the_champion_are_found(tmp_path: Path, facts: dict[str, Any], found: str) -> None:
    write_tiny(tmp_path, **facts)
    assert find_experiment(Settings(artifacts_dir=tmp_path)) == found


def test_without_a_model_there_are_none(tmp_path: Path) -> None:
    assert find_experiment(Settings(artifacts_dir=tmp_path)) == ""


@pytest.mark.parametrize(("experiment", "runs"), [("7", "  (runs: /#/experiments/7)"), ("", "")])
def test_addresses_say_what_is_there(capsys: pytest.CaptureFixture[str], experiment: str, runs: str) -> None:
    stack: Any = SimpleNamespace(addresses=lambda: [(API, "http://a"), (MLFLOW, "http://m")])
    show_addresses(stack, 1.5, experiment)
    assert capsys.readouterr().err == (
        f"  car-price-api  http://a  (try it: /api/docs)\n  mlflow-server  http://m{runs}\nUp in 1.5 s\n"
    )
