"""The MLflow flavour of a bundle: its fields as a signature, its code and its libraries."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version as library_version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carprice.market.kinds import KINDS
from carprice.market.market_file import Market, parse_market
from carprice.tracking.listing_pricer import AMOUNTS, COLUMNS

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

PRICER_NAME = "pricer"
"""Of the logged model in its run."""
LOADER = "carprice.tracking.listing_pricer"
PACKAGE = Path(__file__).resolve().parents[1]
SOURCES = ("__init__.py", "errors.py", "names.py", "market", "model", "system")
"""What LOADER imports."""
LIBRARIES = ("mlflow", "lightgbm", "msgspec", "pandas")
"""What it needs besides, in the versions of this machine."""


def log_pricer(run_id: str, bundle: Path, manifest: dict[str, Any], metadata: dict[str, str]) -> str:
    """Log a bundle folder to a run as a model that prices listings; returns the model's id."""
    import mlflow.pyfunc
    from mlflow.models import Model

    with copy_sources() as code, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, about pandas
        parts = describe_flavour(bundle, manifest, code, metadata)
        # Not mlflow.pyfunc.log_model, which logs to the active run alone.
        logged = Model.log(None, mlflow.pyfunc, name=PRICER_NAME, run_id=run_id, **parts)
    return str(logged.model_id)


def save_pricer(folder: Path, bundle: Path, manifest: dict[str, Any]) -> None:
    """Write the same model to a folder that is not there yet."""
    import mlflow.pyfunc

    with copy_sources() as code:
        mlflow.pyfunc.save_model(str(folder), **describe_flavour(bundle, manifest, code, {}))


def describe_flavour(
    bundle: Path, manifest: dict[str, Any], code: Path, metadata: dict[str, str]
) -> dict[str, Any]:
    """The model as mlflow.pyfunc takes it. The example is the golden listings."""
    from pandas import DataFrame  # type: ignore[import-untyped]

    market = parse_market(manifest["market"], f"bundle {manifest['version']}")
    example = DataFrame([golden["listing"] for golden in manifest["golden"]])
    ways = {"input": "listings as the HTTP API takes them", "output": f"prices in whole {market.currency}"}
    return {
        "loader_module": LOADER,
        "data_path": str(bundle),
        "code_paths": [str(code)],
        "signature": describe_signature(market),
        "input_example": example[[name for name in (item.name for item in market.features) if name in example]],
        "pip_requirements": [f"{name}=={library_version(name)}" for name in LIBRARIES],
        "metadata": {**metadata, **ways},
    }


def describe_signature(market: Market) -> "ModelSignature":
    """The fields of a listing, and the columns of the answer.

    A number is of any type: MLflow would refuse whole numbers where it expects fractions, and the reverse.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema
    from mlflow.types.schema import AnyType

    types: dict[str, Any] = {"string": "string", "boolean": "boolean", "number": AnyType(), "integer": AnyType()}  # type: ignore[no-untyped-call]
    fields: list[Any] = [
        ColSpec(types[KINDS[item.kind].schema["type"]], item.name, required=not item.optional)
        for item in market.features
    ]
    answer: list[Any] = [
        ColSpec("long" if name in AMOUNTS else "string", name, required=False) for name in COLUMNS
    ]
    return ModelSignature(Schema(fields), Schema(answer))


@contextmanager
def copy_sources() -> Iterator[Path]:
    """A folder `carprice` with LOADER and what it imports, removed when the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / PACKAGE.name
        (package / "tracking").mkdir(parents=True)
        for name in SOURCES:
            source = PACKAGE / name
            if source.is_dir():
                shutil.copytree(source, package / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, package)
        for name in ("__init__.py", "listing_pricer.py"):
            shutil.copy(PACKAGE / "tracking" / name, package / "tracking")
        yield package
