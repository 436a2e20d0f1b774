"""The record of a training as MLflow will get it, kept on disk until it has been sent."""

import json
import math
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from carprice.errors import TrackingError
from carprice.market.market_file import parse_market
from carprice.model.bundle.contents import read_bundle
from carprice.model.bundle.manifest import VERSION_TIME
from carprice.settings import Settings
from carprice.system.files import write_file

RUN_FORMAT = 1
RUN_FILE = "run.json"
PLOTS_FOLDER = "plots"
REPORT_FOLDER = "report"
REPORT_FIGURES = ("ppe10", "cod", "prd", "prb", "coverage", "interval_score")
"""Of the report, among the metrics of the whole test part."""
BASELINE_FIGURES = ("mae", "median_ape")
WRITE_HINT = "The model itself is complete. Allow this user to write there, then: ./carprice models send"

VERSION_TAG = "carprice.version"
NOTE_TAG = "mlflow.note.content"
"""What MLflow shows as the description of a run."""

# MLflow takes letters, digits, _ - . : / and spaces in a metric's name, 250 of them at most.
_UNFIT = re.compile(r"[^\w\-. :]")
METRIC_NAME_LENGTH = 250


@dataclass(frozen=True)
class Run:
    """A run folder that was read back. created, its end: milliseconds since 1970. took: how many it lasted."""

    folder: Path
    version: str
    created: int
    took: int
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    data: dict[str, Any]


def runs_folder(settings: Settings) -> Path:
    """Where runs wait until MLflow has them."""
    return settings.var_dir / "runs"


def keep_bundle(folder: Path, settings: Settings) -> Path:
    """Write var/runs/<version>/ of a bundle, whole or not at all, over an earlier one; returns the folder.

    It has the valuation report and its plots where the manifest has a report.
    """
    manifest = read_bundle(folder).manifest
    return _write_folder(settings, describe_run(manifest, manifest.get("params", {})), manifest)


def _write_folder(settings: Settings, record: Mapping[str, Any], manifest: Mapping[str, Any]) -> Path:
    folder: Path = runs_folder(settings) / record["version"]
    try:
        with _draft_folder(folder) as draft:
            if manifest.get("report"):
                _write_report(draft, manifest)
            write_file(draft / RUN_FILE, json.dumps({"format": RUN_FORMAT, **record}, indent=2).encode())
    except OSError as error:
        raise TrackingError(f"{folder}: cannot be written ({error.strerror})", WRITE_HINT) from error
    return folder


def _write_report(folder: Path, manifest: Mapping[str, Any]) -> None:
    from carprice.evaluation.page import render_page
    from carprice.evaluation.plots import draw_plots

    report, importance = manifest["report"], manifest.get("importance", {})
    market = parse_market(manifest["market"], f"bundle {manifest['version']}")
    page = render_page(report, market, importance, manifest["version"])
    for name in (REPORT_FOLDER, PLOTS_FOLDER):
        (folder / name).mkdir()
    write_file(folder / REPORT_FOLDER / "report.json", json.dumps(report, indent=2).encode())
    write_file(folder / REPORT_FOLDER / "report.html", page.encode())
    draw_plots(folder / PLOTS_FOLDER, report, market, importance)


@contextmanager
def _draft_folder(folder: Path) -> Iterator[Path]:
    """A hidden folder beside it that takes its place when the block ends well, and is removed otherwise."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield draft
        draft.chmod(0o755)  # mkdtemp lets no other user in
        if folder.exists():
            shutil.rmtree(folder)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def describe_run(manifest: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """What MLflow will show of a bundle: params, metrics and tags, from its manifest."""
    data = manifest["data"]
    market = manifest["market"]
    return {
        "version": manifest["version"],
        "created": _read_milliseconds(manifest["version"]),
        "took": round(1000 * manifest.get("took_seconds", 0)),
        "params": {name: str(value) for name, value in params.items()},
        "metrics": flatten_metrics(manifest),
        "tags": {
            VERSION_TAG: manifest["version"],
            NOTE_TAG: describe_training(manifest),
            "carprice.market": market["name"],
            "carprice.currency": market["currency"],
            "carprice.demo": str(bool(manifest.get("demo"))).lower(),
            "carprice.fingerprint": data["fingerprint"],
            "carprice.source": Path(data["source"]).name,
            **{f"library.{name}": text for name, text in manifest.get("libraries", {}).items()},
        },
        "data": {**data, "market": market["name"], "source": Path(data["source"]).name},
    }


def describe_training(manifest: Mapping[str, Any]) -> str:
    """What was learnt, how well, and what comes next, in Markdown: the description of the run."""
    data, overall, version = manifest["data"], manifest["metrics"]["overall"], manifest["version"]
    title, currency = manifest["market"]["title"], manifest["market"]["currency"]
    rows = data.get("served_rows", data["rows_kept"])
    return (
        f"{title}: learnt from {rows:,} listings, judged by {data['test_rows']:,} others: "
        f"median error **{overall['median_ape']:.1%}**, mean {overall['mae']:,.0f} {currency}.\n\n"
        f"All of it: Artifacts, `report/report.html`.\n\nTo serve it: `./carprice promote {version}`"
    )


def flatten_metrics(manifest: Mapping[str, Any]) -> dict[str, float]:
    """The figures that runs are compared by, under names that MLflow takes, such as `test/overall/median_ape`.

    Those by make, age and price, and what each field moves, are in the report beside them: a run has no chart for
    each of hundreds. Figures that are missing, infinite or not a number are left out.
    """
    baselines = manifest.get("baselines", {})
    trees = {
        "test": {"overall": {**manifest["metrics"]["overall"], **_pick_figures(manifest)}},
        "baseline": {
            name: {figure: errors[figure] for figure in BASELINE_FIGURES if figure in errors}
            for name, errors in baselines.items()
        },
        "range": manifest.get("coverage", {}),
        "data": {name: value for name, value in manifest["data"].items() if name.endswith("rows")},
    }
    return {"/".join(path): value for path, value in _walk_figures(trees, ())}


def _pick_figures(manifest: Mapping[str, Any]) -> dict[str, Any]:
    overall = (manifest.get("report") or {}).get("overall") or {}
    return {name: overall[name] for name in REPORT_FIGURES if name in overall}


def _walk_figures(tree: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    for key, value in tree.items():
        here = (*path, _name_part(str(key)))
        if isinstance(value, Mapping):
            yield from _walk_figures(value, here)
        elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            yield here, float(value)


def _name_part(text: str) -> str:
    return _UNFIT.sub("_", text).strip(" .")[:60] or "_"


def _read_milliseconds(version: str) -> int:
    return int(datetime.strptime(version[:16], VERSION_TIME).replace(tzinfo=UTC).timestamp() * 1000)


def read_run(folder: Path) -> Run:
    """Read a run folder back. Raises TrackingError naming the file that is missing or wrong."""
    path = folder / RUN_FILE
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrackingError(f"{path}: cannot be read ({error})", forget_hint(folder)) from None
    if record.get("format") != RUN_FORMAT:
        raise TrackingError(
            f"{path}: format should be {RUN_FORMAT} (got {record.get('format')!r})", forget_hint(folder)
        )
    record = {"took": 0, **record}  # one that was kept before runs had it
    return Run(folder, **{name: record[name] for name in Run.__dataclass_fields__ if name != "folder"})


def forget_hint(folder: Path) -> str:
    """What to do about a run folder that cannot be sent."""
    return f"Without it this training will not be in MLflow; forget it: rm -r {folder}"


def list_pending(settings: Settings) -> list[Path]:
    """The folders of runs that MLflow does not have yet, oldest first."""
    runs = runs_folder(settings)
    found = runs.iterdir() if runs.is_dir() else ()
    return sorted(folder for folder in found if folder.is_dir() and not folder.name.startswith("."))
