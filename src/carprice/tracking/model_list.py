"""The models there are: one line each, from their manifests alone, so that MLflow need not be up."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from carprice.errors import BundleError
from carprice.model.bundle.manifest import list_versions, read_manifest, usable_champion
from carprice.names import CHALLENGER, CHAMPION, PENDING
from carprice.settings import Settings
from carprice.system.tables import format_table

NOT_KNOWN = "-"

WORSE_SHARE = 0.1
COLUMNS = (
    "VERSION",
    "MARKET",
    "ROWS",
    "AS OF",
    "JUDGED BY",
    "ERROR",
    "MAE",
    "WITHIN 10%",
    "COVERAGE",
    "ALIAS",
    "MLFLOW",
)
FIGURES = range(5, 9)
"""The columns of figures, which are aligned to the right."""
SPARE = tuple(COLUMNS.index(name) for name in ("MLFLOW", "JUDGED BY", "WITHIN 10%", "COVERAGE", "MAE", "MARKET"))
"""What a narrow terminal is spared, first to last; --json has it all."""


@dataclass(frozen=True)
class Model:
    """One bundle in figures; None where its manifest does not say.

    rows: learnt from. as_of: the last day of them, ISO. judged_by: time, or car where the listings have no day.
    median_ape, ppe10 (within 10 %) and coverage are shares, mae is in currency, all of the test part. mlflow is
    the registered model's version, or `pending` for one that waits to be sent. problem says why the manifest
    cannot be read, and then nothing else is known.
    """

    version: str
    created: str | None = None
    market: str | None = None
    currency: str | None = None
    fingerprint: str | None = None
    rows: int | None = None
    as_of: str | None = None
    judged_by: str | None = None
    median_ape: float | None = None
    ppe10: float | None = None
    mae: float | None = None
    coverage: float | None = None
    aliases: tuple[str, ...] = ()
    mlflow: str | None = None
    problem: str | None = None


def list_models(settings: Settings) -> list[Model]:
    """Every bundle in settings.artifacts_dir, oldest first. The challenger is the newest.

    Where the champion file is damaged, none is the champion.
    """
    versions = list_versions(settings.artifacts_dir)
    champion = usable_champion(settings.artifacts_dir)
    return [
        _describe_model(settings.artifacts_dir / version, _name_aliases(version, champion, versions[-1]))
        for version in versions
    ]


def _name_aliases(version: str, champion: str | None, newest: str) -> tuple[str, ...]:
    return (*([CHAMPION] if version == champion else []), *([CHALLENGER] if version == newest else []))


def _describe_model(folder: Path, aliases: tuple[str, ...]) -> Model:
    try:
        manifest = read_manifest(folder)
    except BundleError as error:
        return Model(folder.name, aliases=aliases, problem=error.what)
    overall = _pick(manifest, "metrics", "overall") or {}
    return Model(
        version=folder.name,
        created=manifest.get("created"),
        market=_pick(manifest, "market", "name"),
        currency=_pick(manifest, "market", "currency"),
        fingerprint=_pick(manifest, "data", "fingerprint"),
        rows=_pick(manifest, "data", "served_rows") or _pick(manifest, "data", "rows_kept"),
        as_of=_pick(manifest, "data", "as_of"),
        judged_by=_pick(manifest, "data", "judged_by"),
        median_ape=_pick(overall, "median_ape"),
        ppe10=_pick(manifest, "report", "overall", "ppe10"),
        mae=_pick(overall, "mae"),
        coverage=_pick(manifest, "coverage", "measured"),
        aliases=aliases,
        mlflow=_pick(manifest, "mlflow", "model_version") or PENDING,
    )


def _pick(tree: Any, *path: str) -> Any:
    for key in path:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


def format_models(models: list[Model], room: int | None = None) -> str:
    """The models as a table, or the sentence that says how to get the first. room: of a line, in characters."""
    if not models:
        return "No models yet. Train one: ./carprice train"
    rows = [COLUMNS, *(_format_row(model) for model in models)]
    problems = (f"{model.version}: {model.problem}" for model in models if model.problem)
    return "\n".join([format_table(rows, (2, *FIGURES), spare=SPARE, room=room), *problems])


def _format_row(model: Model) -> tuple[str, ...]:
    return (
        model.version,
        model.market or NOT_KNOWN,
        NOT_KNOWN if model.rows is None else f"{model.rows:,}",
        model.as_of or NOT_KNOWN,
        model.judged_by or NOT_KNOWN,
        _show_share(model.median_ape),
        NOT_KNOWN if model.mae is None else f"{model.mae:,.0f} {model.currency}",
        _show_share(model.ppe10),
        _show_share(model.coverage),
        ", ".join(model.aliases) or NOT_KNOWN,
        model.mlflow or NOT_KNOWN,
    )


def _show_share(share: float | None) -> str:
    return NOT_KNOWN if share is None else f"{share:.1%}"


def describe_change(version: str, settings: Settings, room: int | None = None) -> list[str]:
    """What to know before version takes the champion's place: both side by side, and what to consider."""
    found = {model.version: model for model in list_models(settings)}
    old, new = found.get(usable_champion(settings.artifacts_dir) or ""), found.get(version)
    if old is None or new is None or old is new:
        return []
    return [format_models([old, new], room), *_compare_models(old, new)]


def _compare_models(old: Model, new: Model) -> list[str]:
    if new.market != old.market:
        return [f"The market changes from {old.market} to {new.market}."]
    is_same = (new.fingerprint, new.judged_by) == (old.fingerprint, old.judged_by)
    if new.median_ape is None or old.median_ape is None or not is_same:
        return ["They were judged by different listings, so their errors do not compare."]
    if new.median_ape > old.median_ape * (1 + WORSE_SHARE):
        return [f"Warning: it is worse on the same listings: {new.median_ape:.1%} against {old.median_ape:.1%}."]
    return []
