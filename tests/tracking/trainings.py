"""Trainings as the tracking takes them, in no time: copies of a small real bundle under versions of their own."""

import itertools
import shutil
from functools import cache
from pathlib import Path
from typing import Any

from tests.bundles import invent_uk_listings

from carprice.evaluation.report import build_report
from carprice.frames.pricing import price_frame
from carprice.market.market_file import parse_market
from carprice.model.bundle.contents import read_bundle
from carprice.model.bundle.manifest import champion_version, read_manifest, write_manifest
from carprice.model.pricer import Pricer
from carprice.settings import Settings
from carprice.training.train import Training

TEST_ROWS = 400

_numbers = itertools.count()


def copy_training(small_bundle: Path, settings: Settings) -> Training:
    """A training whose version no other test has, so that all may share one MLflow."""
    number = next(_numbers)
    version = f"20300101T{number // 60:04d}{number % 60:02d}Z"
    folder = settings.artifacts_dir / version
    source = small_bundle / (champion_version(small_bundle) or "")
    shutil.copytree(source, folder)
    write_manifest(folder, read_manifest(source) | {"version": version, "mlflow": None, "report": _judge(source)})
    return _describe_training(folder)


@cache
def _judge(folder: Path) -> dict[str, Any]:
    pricer = Pricer(read_bundle(folder))
    return build_report(invent_uk_listings(pricer.market, TEST_ROWS, seed=8), pricer)


def _describe_training(folder: Path) -> Training:
    bundle = read_bundle(folder)
    market = parse_market(bundle.manifest["market"], str(folder))
    test = invent_uk_listings(market, TEST_ROWS, seed=8)
    return Training(
        version=folder.name,
        folder=folder,
        manifest=bundle.manifest,
        params=bundle.manifest.get("params", {}),
        test=price_frame(test, Pricer(bundle)),
    )
