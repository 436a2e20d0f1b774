"""The alert file and the dashboard: read by Prometheus' own tool, naming only metrics that the service has."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.api.calls import call, find_state

from carprice.api.serving.app import create_app
from carprice.settings import Settings

FUNCTIONS = {"sum", "max", "count", "rate", "by", "histogram_quantile", "time", "absent"}
LABELS = {"le", "code", "feature", "currency", "version", "kind", "name", "measure", "state"}
LABELS |= {"http_route", "http_response_status_code"}

needs_promtool = pytest.mark.skipif(
    not shutil.which("promtool"), reason="no promtool: sudo apt-get install prometheus"
)


def run_promtool(*argv: str | Path) -> None:
    done = subprocess.run(["promtool", *map(str, argv)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def dashboard(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "monitoring" / "dashboard.json").read_text())
    return found


def list_expressions(dashboard: dict[str, Any]) -> list[str]:
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


@pytest.fixture
def names(small_bundle: Path, tmp_path: Path) -> set[str]:
    """Every metric that the service has, with the endings of histograms and counters."""
    app = create_app(Settings(artifacts_dir=small_bundle, logs_dir=tmp_path / "logs", var_dir=tmp_path / "var"))
    families = list(text_string_to_metric_families(call(app.wsgi_app, "GET", "/metrics").body.decode()))
    find_state(app).close()
    return {family.name + ending for family in families for ending in ("", "_total", "_count", "_bucket", "_sum")}


def names_in(expression: str) -> set[str]:
    """What an expression names besides functions and labels."""
    bare = re.sub(r'"[^"]*"|\[[^\]]*\]', "", expression)
    return set(re.findall(r"[a-z_]{2,}", bare)) - FUNCTIONS - LABELS


def test_the_dashboard_names_metrics_that_exist(dashboard: dict[str, Any], names: set[str]) -> None:
    for expression in list_expressions(dashboard):
        assert names_in(expression), expression
        assert names_in(expression) <= names, expression


def test_the_alerts_name_metrics_that_exist(root: Path, names: set[str]) -> None:
    text = (root / "monitoring" / "alerts.yml").read_text()
    found = set(re.findall(r"\b(?:monitor|http_server|model|predicted)_[a-z_]+", text))
    assert found <= names
    assert len(found) > 4


def test_the_dashboard_is_whole(dashboard: dict[str, Any]) -> None:
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels)
    assert {panel["datasource"]["uid"] for panel in panels} == {"${datasource}"}
    places = [panel["gridPos"] for panel in panels]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    assert dashboard["templating"]["list"][0]["name"] == "datasource"


@needs_promtool
def test_prometheus_reads_the_alerts(root: Path) -> None:
    run_promtool("check", "rules", "--lint=all", "--lint-fatal", root / "monitoring" / "alerts.yml")


@needs_promtool
def test_the_alerts_fire_when_they_should(root: Path, tmp_path: Path) -> None:
    shutil.copy(root / "monitoring" / "alerts.yml", tmp_path)
    shutil.copy(root / "tests" / "monitor" / "alerts_test.yml", tmp_path)
    run_promtool("test", "rules", tmp_path / "alerts_test.yml")


@needs_promtool
def test_prometheus_reads_every_expression_of_the_dashboard(dashboard: dict[str, Any], tmp_path: Path) -> None:
    expressions = [text.replace("$__rate_interval", "5m") for text in list_expressions(dashboard)]
    rules = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(expressions)]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    run_promtool("check", "rules", tmp_path / "rules.yml")


@needs_promtool
def test_prometheus_reads_what_the_service_says(small_bundle: Path, tmp_path: Path) -> None:
    app = create_app(Settings(artifacts_dir=small_bundle, logs_dir=tmp_path / "logs", var_dir=tmp_path / "var"))
    text = call(app.wsgi_app, "GET", "/metrics").body
    find_state(app).close()
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
    assert done.returncode in (0, 3), done.stderr  # 3: its taste in names
    assert b"error" not in done.stderr.lower(), done.stderr
